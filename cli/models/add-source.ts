import type { ApiClient } from '../api/api-client.ts'
import type { CommandContext } from '../command.ts'
import { plainLine } from '../text-width.ts'
import { watchModels } from './follow-sync.ts'
import { type ModelRecord, modelAnswer } from './records.ts'

/** How a model is to be registered, wherever it comes from. */
export interface AddOptions {
  /** Null where its source says it. */
  name: string | null
  type: string | null
  /** For everybody; operators only. */
  isForSystem: boolean
  /** Copy it into the models bucket at once. */
  sync: boolean
  /** Follow that copy. */
  watch: boolean
  timeoutMs: number
}

/** What `POST /api/registry/models` takes for `source`. */
export type ModelSourceWish = string | { upload: string; sha256: string }

/** Registers a model, tells which it is, and follows its copy where that is wanted. True when all went well. */
export async function addSource(
  api: ApiClient,
  params: AddOptions & { source: ModelSourceWish; label: string },
  context: CommandContext,
): Promise<boolean> {
  const { source, label, name, type, isForSystem, sync, watch, timeoutMs } = params
  const wish = {
    source,
    ...(name === null ? {} : { name }),
    ...(type === null ? {} : { type }),
    ...(sync ? { sync } : {}),
    ...(isForSystem ? { system: true } : {}),
  }
  const { model } = await api.post('/api/registry/models', wish, modelAnswer, context.signal)
  context.output.result({ type: 'model', model }, `${model.model_id ?? label}  ${addedText(model)}`)
  if (!sync || !watch) return true
  // Also of one that is there by now: whoever reads the lines waits for its end.
  return await watchModels(api, { models: [{ label: model.model_id ?? label, model }], timeoutMs }, context)
}

function addedText({ id, sync_status, name }: ModelRecord): string {
  const status = sync_status === 'notsynced' || sync_status == null ? '' : `, ${sync_status}`
  return `registered as ${id}${status}  ${plainLine(name)}`
}
