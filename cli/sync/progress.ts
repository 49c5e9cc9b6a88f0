import * as z from 'zod'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import type { SyncProgress } from '../../services/model-sync/app.ts'
import type { Standing } from '../progress-display.ts'

const schema = z.object({
  phase: z.enum(['copying', 'verifying', 'publishing']),
  doneBytes: z.number(),
  sizeBytes: z.number().nullable(),
  bytesPerSecond: z.number(),
  etaSeconds: z.number().nullable(),
  lanes: z.number(),
})

/** How far a sync or a copy is, as its job says it. A later version of the service may say more. */
export function standingOf(job: JobRecord): Standing {
  const parsed = schema.safeParse(job.progress)
  const progress: SyncProgress | null = parsed.success ? parsed.data : null
  return { stage: stageOf(job), progress }
}

function stageOf(job: JobRecord): string {
  if (job.claims === 0) return 'waiting for a worker'
  if (job.lastFailure && job.state !== 'running') return `to be tried again (${job.lastFailure.code})`
  if (job.kind === 'copy') return 'begun'
  if (!job.steps.resolve) return 'finding the file'
  return 'waiting for the copy'
}
