import type * as z from 'zod'
import type { ApiClient } from '../api/api-client.ts'
import { pollUntil } from '../api/poll-until.ts'
import type { CommandContext } from '../command.ts'
import { Interrupted } from '../interrupt.ts'
import { StageDisplay } from '../stage-display.ts'
import { bytesOfText } from '../units.ts'
import { withinTimeout } from '../within-timeout.ts'
import { type CacheJobRecord, cacheJob } from './records.ts'

export interface FollowedCacheJob<Report> {
  jobId: string
  /** What it is, in a word for people. */
  label: string
  report: z.ZodType<Report>
  timeoutMs: number
}

/**
 * Follows a job of the cache to its end, shows how far it is, and says so when it has failed.
 * @returns its report; null where it failed or was canceled
 */
export async function followCacheJob<Report>(
  api: ApiClient,
  job: FollowedCacheJob<Report>,
  { output, signal }: CommandContext,
): Promise<Report | null> {
  const { jobId, label, timeoutMs } = job
  const schema = cacheJob(job.report)
  const display = new StageDisplay(output)
  const show = ({ state, progress }: CacheJobRecord<Report>) => {
    if (isOver({ state })) return
    const { phase: status, done_files, total_files, done_bytes, total_bytes } = progress ?? noProgress(state)
    const bytes = total_bytes > 0 ? [bytesOfText(done_bytes, total_bytes)] : []
    const files = total_files > 0 ? [`${done_files} of ${total_files} files`] : []
    display.show({
      label,
      status,
      share: total_bytes > 0 ? done_bytes / total_bytes : null,
      figures: [...bytes, ...files].join('  '),
      record: { type: 'progress', job_id: jobId, state, ...progress },
    })
  }
  try {
    const ended = await withinTimeout({ subject: label, timeoutMs, signal }, (until) =>
      pollUntil(api, () => api.get(`/api/cache/jobs/${jobId}`, schema, until), {
        isOver,
        onChange: show,
        signal: until,
      }),
    )
    if (ended.report !== null) return ended.report
    const { code, message } = ended.error ?? { code: 'unknown', message: 'No reason was noted.' }
    const record = { type: 'end', job_id: jobId, state: ended.state, code, message }
    output.result(record, `${label}  ${output.style('red', ended.state)} (${code}): ${message}`)
    return null
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error
    throw new Interrupted(`Interrupted. The ${label} goes on: "forge jobs show ${jobId}" tells of it.`)
  }
}

function isOver({ state }: { state: string }): boolean {
  return state === 'done' || state === 'failed' || state === 'canceled'
}

function noProgress(state: string) {
  return { phase: state, done_files: 0, total_files: 0, done_bytes: 0, total_bytes: 0 }
}
