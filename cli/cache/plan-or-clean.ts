import type { ApiClient } from '../api/api-client.ts'
import type { CommandContext } from '../command.ts'
import { planText } from './cache-text.ts'
import { followCacheJob } from './follow-cache-job.ts'
import { cacheJobAnswer, cleanPlanAnswer, cleanReport } from './records.ts'
import { cleanReportText } from './report-text.ts'

export interface Cleaning {
  /** As the API takes it. */
  wish: { max_size_gb?: number; keep_recent?: number; file_ids?: readonly string[] }
  /** Else only the plan is shown. */
  isMeant: boolean
  timeoutMs: number
}

/** Shows what a clean-up would do, or has it done and tells what came of it. True unless it failed. */
export async function planOrClean(api: ApiClient, cleaning: Cleaning, context: CommandContext): Promise<boolean> {
  const { wish, isMeant, timeoutMs } = cleaning
  const { output, signal } = context
  if (!isMeant) {
    const { plan } = await api.post('/api/cache/clean', { ...wish, dry_run: true }, cleanPlanAnswer, signal)
    output.result({ type: 'plan', ...plan }, planText(output, plan))
    if (plan.evict.length > 0) output.note('Nothing was done; --yes does it.')
    return true
  }
  const asked = await api.post('/api/cache/clean', { ...wish, dry_run: false }, cacheJobAnswer, signal)
  const job = { jobId: asked.job_id, label: 'clean-up', report: cleanReport, timeoutMs }
  const report = await followCacheJob(api, job, context)
  if (report === null) return false
  output.result({ type: 'end', job_id: asked.job_id, state: 'done', ...report }, cleanReportText(output, report))
  return true
}
