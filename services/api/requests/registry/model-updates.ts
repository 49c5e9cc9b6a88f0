import { findUpdates } from '#shared/registry/registration/find-updates.ts'
import { createDeadline } from '#shared/registry/search/deadline.ts'
import type { UpdatePageView } from '../../endpoints/registry-schemas.ts'
import type { Caller } from '../../http/endpoint.ts'
import { modelPage } from './list-models.ts'
import { noteView, versionView } from './views.ts'

/** Each repo among them costs a request. */
const PAGE_SIZE = 20
/** Nobody looks for updates in passing: longer than a search may take. */
const DEADLINE_MS = 15_000

/** Which of a page of the user's registered models have a newer version at their hub. */
export async function modelUpdates(caller: Caller, cursor: string | null): Promise<UpdatePageView> {
  const sources = ['civitai', 'huggingface']
  const page = await modelPage(caller, { types: [], bases: [], sources, limit: PAGE_SIZE, cursor })
  const { hubs } = await caller.context.loadRegistry()
  const deadline = createDeadline(DEADLINE_MS)
  try {
    const { updates, notes } = await findUpdates(hubs, { models: page.models, signal: deadline.signal })
    return {
      updates: updates.map(({ model: { model }, newest }) => ({
        model_id: model.registered.modelId,
        name: model.name,
        current: versionView(model),
        newest: versionView(newest),
      })),
      next_cursor: page.next,
      notes: notes.map(noteView),
    }
  } finally {
    deadline.end()
  }
}
