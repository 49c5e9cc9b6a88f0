import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { runTransaction, type TransactionPart } from '#shared/documents/transaction.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { isDisplaced, superseded } from './displaced.ts'
import { LeaseLostError } from './job-errors.ts'
import { logStep } from './job-log.ts'
import { type JobRecord, jobRef, toJobRecord } from './job-record.ts'
import { endedRecord } from './job-states.ts'

/** A change of the job's own record that goes with a fenced transaction. */
type RecordChange = (job: JobRecord, now: Timestamp) => JobRecord

export interface JobRunInit<Input> {
  db: Firestore
  id: string
  input: Input
  job: JobRecord
  owner: string
  leaseMs: number
  logger: Logger
  signal: AbortSignal
}

/**
 * One claim of one job while it is worked on: what `run` of a definition gets. Every write goes through a transaction
 * that first checks the fence (is the job still ours?) and the run slot (is the job still the current one?).
 */
export class JobRun<Input> {
  readonly id: string
  readonly input: Input
  readonly signal: AbortSignal
  readonly logger: Logger
  readonly #db: Firestore
  readonly #owner: string
  readonly #leaseMs: number
  #job: JobRecord
  /** Undefined until this run has said anything: somebody else may keep it up to date for us. */
  #progress: unknown
  #credits: Record<string, number>
  #settled = false
  /** Writes of one run go one after the other: a renewal must not bring back what a step has just changed. */
  #tail: Promise<unknown> = Promise.resolve()

  constructor(init: JobRunInit<Input>) {
    this.id = init.id
    this.input = init.input
    this.signal = init.signal
    this.logger = init.logger
    this.#db = init.db
    this.#owner = init.owner
    this.#leaseMs = init.leaseMs
    this.#job = init.job
    this.#credits = { ...init.job.credits }
  }

  get key(): string {
    return this.#job.key
  }

  get fence(): number {
    return this.#job.fence
  }

  /** Failures since the last durable progress, this run's own not counted. */
  get failures(): number {
    return this.#job.failures
  }

  /** What the definition noted at admission. */
  get note(): unknown {
    return this.#job.admission
  }

  /** What providers said this job took so far, in their own credits. */
  get credits(): Record<string, number> {
    return { ...this.#credits }
  }

  /** Whether this run ended its job itself (done or canceled). */
  get settled(): boolean {
    return this.#settled
  }

  /** The job as this run last wrote it. */
  get record(): JobRecord {
    return this.#job
  }

  /** Remembers how far the work is; stored with the next renewal of the lease, at no write of its own. */
  report(progress: unknown): void {
    this.#progress = progress
  }

  /** The stored result of a step, or null. The cast is safe: only `step` of the same name stored it. */
  stored<T>(name: string): T | null {
    return (this.#job.steps[name]?.result as T | undefined) ?? null
  }

  /**
   * Does `work` once for the life of the job: its result is stored before the promise resolves, and a later claim
   * gets it from there. `before` joins the transaction that opens the step (a status that people see).
   * @throws LeaseLostError, CanceledError, and whatever `work` throws.
   */
  async step<T>(name: string, work: () => Promise<T>, options: { before?: TransactionPart } = {}): Promise<T> {
    const stored = this.#job.steps[name]
    if (stored) return stored.result as T
    this.signal.throwIfAborted()
    const { before } = options
    const startedAt = before ? await this.commit(before) : Timestamp.now()
    const result = await work()
    await this.#write(
      async () => () => {},
      (job, now) => ({
        ...job,
        // Durable progress: what failed before this no longer counts.
        failures: 0,
        openCall: null,
        steps: { ...job.steps, [name]: { result, startedAt, finishedAt: now } },
      }),
    )
    const finishedAt = this.#job.steps[name]?.finishedAt ?? startedAt
    logStep(this.logger, { step: name, durationMs: Math.max(0, finishedAt.toMillis() - startedAt.toMillis()) })
    return result
  }

  /**
   * Stores a small value durably, in place of what was stored under that name, and counts as durable progress. For what
   * changes while a step goes on: a plan, a checkpoint.
   */
  async keep(name: string, value: unknown): Promise<void> {
    await this.#write(
      async () => () => {},
      (job, now) => ({
        ...job,
        failures: 0,
        steps: { ...job.steps, [name]: { result: value, startedAt: now, finishedAt: now } },
      }),
    )
  }

  /** How many calls of `provider` in this step ended without an answer; each may have been paid. */
  lostCalls(step: string, provider: string): number {
    return this.#job.lostCalls[step]?.[provider] ?? 0
  }

  /**
   * Makes a paid call: noted as open before it is made, so that a claim after a crash knows that one was lost.
   * A call that was answered, well or badly, is not lost; `wasAnswered` judges that for a thrown error.
   */
  async paidCall<T>(params: {
    step: string
    provider: string
    call: () => Promise<T>
    wasAnswered: (error: unknown) => boolean
    creditsOf: (answer: T) => number | null
  }): Promise<T> {
    const { step, provider } = params
    this.signal.throwIfAborted()
    await this.#write(
      async () => () => {},
      (job, now) => ({ ...job, openCall: { step, provider, startedAt: now } }),
    )
    let answer: T
    try {
      answer = await params.call()
    } catch (error) {
      await this.#closeCall(step, provider, params.wasAnswered(error))
      throw error
    }
    const credits = params.creditsOf(answer)
    // Only noted here: stored with the step's result, in the same transaction.
    if (credits !== null) this.#credits[provider] = (this.#credits[provider] ?? 0) + credits
    return answer
  }

  async #closeCall(step: string, provider: string, answered: boolean): Promise<void> {
    await this.#write(
      async () => () => {},
      (job) => {
        if (answered) return { ...job, openCall: null }
        const lost = job.lostCalls[step] ?? {}
        const lostCalls = { ...job.lostCalls, [step]: { ...lost, [provider]: (lost[provider] ?? 0) + 1 } }
        return { ...job, openCall: null, lostCalls }
      },
    )
  }

  /** Joins `part` to a fenced transaction. Returns Firestore's time of it. */
  async commit(part: TransactionPart): Promise<Timestamp> {
    return await this.#write(part, (job) => job)
  }

  /** Ends the job well: `part` is what others see of the result, in the same transaction. */
  async complete(result: unknown, part: TransactionPart): Promise<void> {
    await this.#write(part, (job, now) => endedRecord(job, { state: 'done', result, now }))
    this.#settled = true
  }

  /** Renews the lease and stores progress. */
  async renew(): Promise<void> {
    await this.#write(
      async () => () => {},
      (job) => job,
    )
  }

  #write(part: TransactionPart, change: RecordChange): Promise<Timestamp> {
    const written = this.#tail.then(() => this.#writeNow(part, change))
    this.#tail = written.catch(() => {})
    return written
  }

  async #writeNow(part: TransactionPart, change: RecordChange): Promise<Timestamp> {
    const mine = this.#job
    const { job, now } = await runTransaction(this.#db, async (transaction) => {
      const snapshot = await transaction.get(jobRef(this.#db, this.id))
      const now = snapshot.readTime
      const stored = toJobRecord(snapshot)
      if (!stored) throw new LeaseLostError(this.key)
      // A commit whose answer was lost is repeated by the client: then the job is already as we wanted it.
      if (stored.fence === mine.fence && stored.finishedAt && stored.state === 'done') return { job: stored, now }
      if (stored.lease?.owner !== this.#owner || stored.fence !== mine.fence) throw new LeaseLostError(mine.key)
      if (await isDisplaced(transaction, this.#db, stored)) throw superseded()
      const writes = await part(transaction)
      const expiresAt = Timestamp.fromMillis(now.toMillis() + this.#leaseMs)
      const renewed: JobRecord = {
        ...stored,
        credits: { ...this.#credits },
        progress: this.#progress === undefined ? stored.progress : this.#progress,
        lease: { owner: this.#owner, expiresAt },
        dueAt: expiresAt,
        updatedAt: now,
      }
      const next = change(renewed, now)
      transaction.set(jobRef(this.#db, this.id), next)
      writes(transaction)
      return { job: next, now }
    })
    this.#job = job
    return now
  }
}
