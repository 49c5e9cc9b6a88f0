import { AppError } from '#shared/errors/app-error.ts'
import type { ApiClient } from '../api/api-client.ts'
import { pollUntil } from '../api/poll-until.ts'
import type { CommandContext } from '../command.ts'
import { Interrupted } from '../interrupt.ts'
import { plainLine } from '../text-width.ts'
import { bytesText } from '../units.ts'
import { withinTimeout } from '../within-timeout.ts'
import { modelPath } from './model-path.ts'
import { type ModelRecord, modelAnswer } from './records.ts'
import { SyncDisplay } from './sync-display.ts'

/** Models whose copy is under way. */
export interface SyncWatch {
  /** By the ids that their user has named them by. */
  models: readonly { label: string; model: ModelRecord }[]
  timeoutMs: number
}

/** Follows syncs to their ends, and tells how each ended. True when all are synced. @throws AppError or Interrupted */
export async function watchModels(api: ApiClient, watch: SyncWatch, context: CommandContext): Promise<boolean> {
  const { signal, output } = context
  // One for all of them: each would write over the others' line.
  const display = new SyncDisplay(output)
  const follow = async (one: SyncWatch['models'][number]) => {
    try {
      return await watchOne(api, { ...one, timeoutMs: watch.timeoutMs, display }, context)
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error
      const { code, message } = error
      const end = { type: 'end', model: one.model.model_id ?? one.label, state: 'unknown', code, message }
      output.result(end, `${one.label}  ${message} (${code})`)
      return false
    } finally {
      display.remove(one.label)
    }
  }
  try {
    const ends = await Promise.allSettled(watch.models.map(follow))
    signal.throwIfAborted()
    const broken = ends.find((end) => end.status === 'rejected')
    if (broken) throw broken.reason
    return ends.every((end) => end.status === 'fulfilled' && end.value)
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error
    const ids = watch.models.map(({ label }) => label).join(' ')
    throw new Interrupted(
      `Interrupted. The sync goes on: "forge models sync ${ids}" shows it, "forge models show" how it ended.`,
    )
  }
}

async function watchOne(
  api: ApiClient,
  params: SyncWatch['models'][number] & { timeoutMs: number; display: SyncDisplay },
  { output, signal }: CommandContext,
): Promise<boolean> {
  const { label, timeoutMs } = params
  const path = modelPath(params.model.model_id ?? params.model.id)
  const model = await withinTimeout({ subject: label, timeoutMs, signal }, (until) =>
    pollUntil(api, async () => (await api.get(path, modelAnswer, until)).model, {
      isOver: ({ sync_status }) => sync_status !== 'syncing',
      onChange: (one) => {
        if (one.sync_status === 'syncing') params.display.show(label, one)
      },
      signal: until,
    }),
  )
  const { sync_status, sync_error, gcs_uri = null, sha256 = null, size_bytes = null } = model
  const isSynced = sync_status === 'synced'
  const { code = null, message = null } = isSynced ? {} : (sync_error ?? {})
  const size = size_bytes === null ? '' : ` (${bytesText(size_bytes)})`
  const text = isSynced
    ? `${label}  ${output.style('green', 'synced')}\n    ${gcs_uri}${size}`
    : `${label}  ${output.style('red', 'failed')} (${code ?? sync_status}): ${plainLine(message ?? 'No reason was noted.')}`
  const state = isSynced ? 'synced' : 'failed'
  output.result(
    { type: 'end', model: model.model_id ?? label, state, gcs_uri, sha256, size_bytes, code, message },
    text,
  )
  return isSynced
}
