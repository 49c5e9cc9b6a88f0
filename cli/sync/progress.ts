import type { JobRecord } from '#shared/jobs/job-record.ts'
import { syncProgressSchema } from '../../services/model-sync/app.ts'
import type { Standing } from '../progress-display.ts'

/** How far a sync or a copy is, as its job says it. A later version of the service may say more. */
export function standingOf(job: JobRecord): Standing {
  const parsed = syncProgressSchema.safeParse(job.progress)
  return { stage: stageOf(job), progress: parsed.success ? parsed.data : null }
}

function stageOf(job: JobRecord): string {
  if (job.claims === 0) return 'waiting for a worker'
  if (job.lastFailure && job.state !== 'running') return `to be tried again (${job.lastFailure.code})`
  if (job.kind === 'copy') return 'begun'
  if (!job.steps.resolve) return 'finding the file'
  return 'waiting for the copy'
}
