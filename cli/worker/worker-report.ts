import type { Firestore } from '@google-cloud/firestore'
import { isTerminal, type JobRecord, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { loadOperations } from '../../services/model-sync/app.ts'
import { jobReportText, reportJob } from '../job-report.ts'
import type { Output } from '../output.ts'
import { ProgressDisplay } from '../progress-display.ts'
import { standingOf } from '../sync/progress.ts'
import { syncReportRecord, syncReportText } from '../sync/report-text.ts'
import type { WorkerEvents } from './run-worker.ts'
import type { Task } from './task.ts'

/** A log that is read later needs no line every few seconds. */
const plainLineEveryMs = 30_000

/** How the jobs ended that this worker had in its hands. */
export interface WorkerSummary {
  done: number
  failed: number
  canceled: number
}

/** Shows what a worker does, and counts how it ends. */
export class WorkerReport implements WorkerEvents {
  readonly summary: WorkerSummary = { done: 0, failed: 0, canceled: 0 }
  readonly #db: Firestore
  readonly #output: Output
  readonly #display: ProgressDisplay
  readonly #listeners = new Map<string, () => void>()
  /** Begun here and not ended here: another's end may end them, or another worker. */
  readonly #putOff = new Map<string, { task: Task; saidCode: string }>()

  constructor(db: Firestore, output: Output) {
    this.#db = db
    this.#output = output
    this.#display = new ProgressDisplay(output, { plainLineEveryMs })
  }

  begun(task: Task): void {
    const { jobId, subject } = task
    const stop = jobRef(this.#db, jobId).onSnapshot(
      (snapshot) => {
        const job = toJobRecord(snapshot)
        // Before the claim there is nothing to tell, and after the end the report does.
        if (job && job.claims > 0 && !isTerminal(job.state) && this.#listeners.has(jobId))
          this.#display.show(subject, standing(job))
      },
      () => {}, // The outcome says how it ended; progress is for show.
    )
    this.#listeners.set(jobId, stop)
  }

  async returned(task: Task, outcome: Outcome): Promise<void> {
    const { jobId } = task
    this.#unlisten(task)
    const job = toJobRecord(await jobRef(this.#db, jobId).get())
    if (job && isTerminal(job.state)) {
      await this.#ended(task, job)
      return
    }
    if (outcome.kind === 'held') this.#putOff.set(jobId, { task, saidCode: '' })
    if (outcome.kind !== 'try-again') return
    const saidCode = this.#putOff.get(jobId)?.saidCode
    this.#putOff.set(jobId, { task, saidCode: outcome.code })
    // What waits for a copy looks every minute, which is no news.
    if (saidCode !== outcome.code) this.#sayPutOff(task, job, outcome.code)
  }

  async seen(tasks: readonly Task[]): Promise<void> {
    const live = new Set(tasks.map(({ jobId }) => jobId))
    for (const [jobId, { task }] of this.#putOff) {
      if (live.has(jobId) || this.#listeners.has(jobId)) continue
      const job = toJobRecord(await jobRef(this.#db, jobId).get())
      if (job && isTerminal(job.state)) await this.#ended(task, job)
      else this.#putOff.delete(jobId)
    }
  }

  trouble(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#output.result({ type: 'trouble', message: `${what}: ${reason}` }, `${what}: ${reason}`)
  }

  #unlisten({ jobId, subject }: Task): void {
    this.#listeners.get(jobId)?.()
    this.#listeners.delete(jobId)
    this.#display.remove(subject.label)
  }

  async #ended(task: Task, job: JobRecord): Promise<void> {
    const { jobId, subject } = task
    this.#putOff.delete(jobId)
    if (job.state === 'done' || job.state === 'failed' || job.state === 'canceled') this.summary[job.state] += 1
    const record = { type: 'end', ...subject.record, jobId }
    if (job.kind === 'sync') {
      const { reportSync } = await loadOperations()
      const report = await reportSync(this.#db, job)
      this.#output.result(
        { ...record, ...syncReportRecord(report) },
        syncReportText(this.#output, subject.label, report),
      )
      return
    }
    const report = reportJob(job)
    this.#output.result({ ...record, ...report }, jobReportText(this.#output, subject.label, report))
  }

  #sayPutOff({ jobId, subject }: Task, job: JobRecord | null, code: string): void {
    if (job?.state === 'queued' && job.failures === 0) {
      this.#output.result(
        { type: 'put-down', ...subject.record, jobId },
        `${subject.label}  put down, for others to go on`,
      )
      return
    }
    const message = job?.lastFailure?.message ?? null
    const words = message === null ? 'waits' : this.#output.style('yellow', 'put off')
    const retryAt = job?.retryAt?.toDate().toISOString() ?? null
    const until = retryAt === null ? '' : ` until ${retryAt}`
    this.#output.result(
      { type: 'put-off', ...subject.record, jobId, code, message, retryAt },
      `${subject.label}  ${words}${until} (${code})${message === null ? '' : `: ${message}`}`,
    )
  }
}

function standing(job: JobRecord) {
  if (job.kind !== 'image') return standingOf(job)
  return {
    stage: Object.keys(job.steps).length === 0 ? 'begun' : `${Object.keys(job.steps).length} steps done`,
    progress: null,
  }
}
