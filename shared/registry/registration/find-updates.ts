import type { CivitaiListedModel } from '../../civitai/listed-model.ts'
import { listCivitaiModels } from '../../civitai/search.ts'
import { isInEarlyAccess } from '../../civitai/version.ts'
import type { RegisteredModel } from '../../documents/registered-models.ts'
import { AppError } from '../../errors/app-error.ts'
import { getModel } from '../../huggingface/model.ts'
import { fromCivitai } from '../hubs/from-civitai.ts'
import type { Hubs } from '../hubs/open-hubs.ts'
import { familyOf } from '../model/base-models.ts'
import type { RegistryModel } from '../model/registry-model.ts'
import { noteOf, type SearchNote } from '../search/ask-source.ts'

/** A registered model of which its hub has a newer version. */
export interface ModelUpdate {
  model: RegisteredModel
  newest: Pick<RegistryModel, 'version' | 'sourceVersionId' | 'createdAt' | 'remoteUrl'>
}

/**
 * Which of up to a hundred registered models have a newer version at their hub. CivitAI is asked once for all, Hugging Face
 * once for each; a hub that fails leaves a note, and its models out.
 */
export async function findUpdates(
  hubs: Hubs,
  params: { models: readonly RegisteredModel[]; signal: AbortSignal },
): Promise<{ updates: ModelUpdate[]; notes: SearchNote[] }> {
  const { models, signal } = params
  const of = (source: RegistryModel['source']): RegisteredModel[] =>
    models.filter((one) => one.model.source === source && one.model.sourceVersionId !== null)
  const notes: SearchNote[] = []
  const guarded = async (source: 'civitai' | 'huggingface', work: () => Promise<ModelUpdate[]>) => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      notes.push(noteOf(source, error))
      return []
    }
  }
  const found = await Promise.all([
    guarded('civitai', () => civitaiUpdates(hubs, of('civitai'), signal)),
    ...of('huggingface').map((one) => guarded('huggingface', () => repoUpdate(hubs, one, signal))),
  ])
  const byModel = new Map(found.flat().map((update) => [update.model, update]))
  // In the order of the list that was asked about; a hub that refuses each of ten repos says so once.
  const updates = models.flatMap((one) => byModel.get(one) ?? [])
  return { updates, notes: [...new Map(notes.map((note) => [`${note.source} ${note.code}`, note])).values()] }
}

async function civitaiUpdates(
  { civitai }: Hubs,
  registered: readonly RegisteredModel[],
  signal: AbortSignal,
): Promise<ModelUpdate[]> {
  if (registered.length === 0) return []
  const ids = [...new Set(registered.map(({ model }) => model.sourceId))]
  const listed = new Map((await listCivitaiModels(civitai, ids, signal)).map((one) => [one.id, one]))
  const nowMs = (civitai.now ?? Date.now)()
  return registered.flatMap((one) => {
    const model = listed.get(one.model.sourceId)
    const newest = model && newerVersion(model, one.model, nowMs)
    return newest ? [{ model: one, newest }] : []
  })
}

/**
 * A version that was published after ours and works with the same base: one for another base is no newer one of this. None
 * in early access, which a sync could not have.
 */
function newerVersion(model: CivitaiListedModel, ours: RegistryModel, nowMs: number): RegistryModel | null {
  const current = model.versions.find(({ id }) => id === ours.sourceVersionId)
  const publishedMs = (current?.publishedAt ?? ours.createdAt)?.getTime() ?? 0
  const newer = model.versions
    .filter(({ id, publishedAt }) => id !== ours.sourceVersionId && (publishedAt?.getTime() ?? 0) > publishedMs)
    .filter(({ baseModel }) => ours.baseModel === null || familyOf(baseModel) === ours.baseModel)
    .filter((version) => version.files.length > 0 && !isInEarlyAccess(version, nowMs))
    .toSorted((a, b) => (b.publishedAt?.getTime() ?? 0) - (a.publishedAt?.getTime() ?? 0))
  const [newest] = newer
  return newest === undefined ? null : fromCivitai(model, { nowMs, versionId: newest.id })
}

/** A repo is at a commit: any other one of the same branch is newer. One that is pinned to a commit is held against the main branch. */
async function repoUpdate({ huggingface }: Hubs, one: RegisteredModel, signal: AbortSignal): Promise<ModelUpdate[]> {
  const { model, document } = one
  const { revision: named } = document.source
  const revision = named !== null && /^[0-9a-f]{40}$/.test(named) ? null : named
  const { commit } = await getModel(huggingface, { repo: model.sourceId, revision, signal })
  if (commit === model.sourceVersionId) return []
  return [
    { model: one, newest: { version: commit, sourceVersionId: commit, createdAt: null, remoteUrl: model.remoteUrl } },
  ]
}
