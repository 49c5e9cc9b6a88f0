import { randomUUID } from 'node:crypto'
import type { DocumentSnapshot, Firestore } from '@google-cloud/firestore'
import { documentsError } from '#shared/documents/firestore.ts'
import { AppError } from '#shared/errors/app-error.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { cancelJob } from './cancel.ts'
import { type Claim, claimJob, type JobLimits } from './claim.ts'
import type { AnyJobDefinition } from './definition.ts'
import { wakeDisplaced } from './displaced.ts'
import { writeSomehow } from './end-forms.ts'
import { endUnreadable } from './end-unreadable.ts'
import { BudgetSpentError, LeaseLostError, ShutdownError } from './job-errors.ts'
import { logJobEnd, logRefusedEnd } from './job-log.ts'
import { type JobRecord, jobRef, toJobRecord } from './job-record.ts'
import { type JobNames, type JobRequests, recordJob } from './job-requests.ts'
import { JobRun } from './job-run.ts'
import type { Outcome } from './outcome.ts'
import { putDown } from './put-down.ts'
import { repeatWhileHeld } from './repeat-while-held.ts'
import type { WakeQueue } from './wake.ts'

/** Waits longer than this are slept by a task, not by redelivery, which would slow the whole subscription. */
const redeliveryPatienceMs = 30_000
/** Renewals of a lease that may fail in a row; it lasts four of them. */
const renewalFailuresBorne = 2

export interface JobRunnerOptions {
  db: Firestore
  definitions: readonly AnyJobDefinition[]
  /** Null where there is no task queue: then every "later" is a redelivery. */
  wakeQueue: WakeQueue | null
  limits: JobLimits & { workBudgetMs: number }
  logger: Logger
  /** Aborted when the process must end. */
  shutdown: AbortSignal
}

/** Claims, runs and settles jobs: the one place where the rules of DESIGN §2 are kept for every service. */
export class JobRunner implements JobRequests {
  readonly #options: JobRunnerOptions

  constructor(options: JobRunnerOptions) {
    this.#options = options
  }

  /** Handles an event that asks for a job. Never throws for what a redelivery or a recorded failure can answer. */
  async handle<Input>(definition: { kind: string; key(input: Input): string }, input: Input): Promise<Outcome> {
    return await this.#attempt(this.#definition(definition.kind), input, 'event')
  }

  /** Goes on with a stored job: what a task, the reconciler or an operator asks for. */
  async resume(id: string): Promise<Outcome> {
    const job = toJobRecord(await this.#read(id))
    if (!job) return { kind: 'not-ours', reason: `There is no job ${id}.` }
    if (!this.#options.definitions.some((one) => one.kind === job.kind)) {
      return { kind: 'not-ours', reason: `Jobs of kind ${job.kind} belong to another service.` }
    }
    const definition = this.#definition(job.kind)
    let input: unknown
    try {
      input = definition.parseInput(job.input)
    } catch (error) {
      const ended = await endUnreadable(this.#options.db, id)
      if (!ended) throw error
      logJobEnd(this.#options.logger.child({ jobId: id, kind: job.kind }), ended, error)
      return { kind: 'failed', code: ended.failure?.code ?? 'job.failed' }
    }
    return await this.#attempt(definition, input, 'wake')
  }

  async #read(id: string): Promise<DocumentSnapshot> {
    try {
      return await jobRef(this.#options.db, id).get()
    } catch (error) {
      throw documentsError(error)
    }
  }

  /** Puts a job into the books and wakes it; without a queue it is done here and now. */
  async enqueue<Input>(names: JobNames<Input>, input: Input): Promise<Outcome> {
    const { db, limits } = this.#options
    const { id } = await recordJob(db, { names, input, deadlineMs: limits.deadlineMs })
    return await this.wake({ id, fence: 0 })
  }

  /** Has a job taken up again: by a task, or here and now where there is no queue. */
  async wake(job: { id: string; fence: number }): Promise<Outcome> {
    if (!this.#options.wakeQueue) return await this.#resumeHere(job.id)
    const at = new Date()
    return await this.#later({ id: job.id, fence: job.fence, at, code: 'job.woken' })
  }

  /** Whoever wakes many is not stopped by one that cannot even begin; what troubles the next one too comes through. */
  async #resumeHere(id: string): Promise<Outcome> {
    try {
      return await this.resume(id)
    } catch (error) {
      if (error instanceof AppError && error.retryable) throw error
      this.#options.logger.error('A job could not be taken up.', { error, jobId: id })
      return tryAgain(error)
    }
  }

  /** Ends a job that nobody wants any more, whoever works on it: that one's next write finds its lease gone. */
  async cancel(id: string, reason: { code: string; message: string }): Promise<Outcome> {
    const { db, logger } = this.#options
    const canceled = await cancelJob(db, id, reason)
    // Whoever ended it earlier may have died before the clean-up.
    const ended = canceled ?? toJobRecord(await this.#read(id))
    if (!ended) return { kind: 'already-done' }
    const definition = this.#definition(ended.kind)
    const jobLogger = logger.child({ jobId: id, kind: ended.kind })
    if (canceled) logJobEnd(jobLogger, canceled)
    try {
      await this.#cleanUp(definition, definition.parseInput(ended.input), id, jobLogger)
    } catch (error) {
      jobLogger.warn('What the job was to do cannot be read; the reconciler will remove what it left.', { error })
    }
    return canceled ? { kind: 'canceled', code: reason.code } : { kind: 'already-done' }
  }

  #definition(kind: string): AnyJobDefinition {
    const definition = this.#options.definitions.find((one) => one.kind === kind)
    if (!definition) throw new Error(`No job definition of kind ${kind} is registered.`)
    return definition
  }

  async #attempt(definition: AnyJobDefinition, input: unknown, origin: 'event' | 'wake'): Promise<Outcome> {
    const { db, limits, shutdown } = this.#options
    const owner = randomUUID()
    let claim: Claim
    try {
      if (shutdown.aborted) throw new ShutdownError()
      claim = await claimJob(db, { definition, input, owner, origin }, limits)
    } catch (error) {
      if (error instanceof AppError && error.retryable) return tryAgain(error)
      throw error
    }
    const logger = this.#options.logger.child({ jobId: claim.id, kind: definition.kind })
    switch (claim.kind) {
      case 'terminal':
        // It comes again because nobody answered for it: whoever ended it may have died before the clean-up.
        await this.#cleanUp(definition, input, claim.id, logger)
        return { kind: 'already-done' }
      case 'held':
        return { kind: 'held', retryAfterMs: claim.forMs }
      case 'ended': {
        if (claim.refusal) logRefusedEnd(logger, claim.refusal)
        logJobEnd(logger, claim.job)
        await this.#cleanUp(definition, input, claim.id, logger)
        const code = claim.job.failure?.code ?? 'job.ended'
        return claim.job.state === 'failed' ? { kind: 'failed', code } : { kind: 'canceled', code }
      }
      case 'waiting':
        return await this.#later({
          id: claim.id,
          fence: claim.job.fence,
          at: claim.at,
          code: claim.job.lastFailure?.code ?? 'job.waiting',
        })
      case 'not-yet': {
        const fresh = Date.now() - claim.job.createdAt.toMillis() < redeliveryPatienceMs
        if (fresh) return { kind: 'try-again', code: claim.code, retryAfterMs: 2_000 }
        return await this.#later({ id: claim.id, fence: claim.job.fence, at: claim.at, code: claim.code })
      }
      case 'claimed':
        if (claim.displaced !== null) await wakeDisplaced({ db, jobs: this, id: claim.displaced, logger })
        return await this.#work({ definition, input, claim, owner, logger })
      default:
        return claim satisfies never
    }
  }

  async #work(params: {
    definition: AnyJobDefinition
    input: unknown
    claim: Extract<Claim, { kind: 'claimed' }>
    owner: string
    logger: Logger
  }): Promise<Outcome> {
    const { definition, input, claim, owner, logger } = params
    const { db, limits, shutdown } = this.#options
    const stop = new AbortController()
    const abort = (reason: unknown) => stop.abort(reason)
    const onShutdown = () => abort(new ShutdownError())
    shutdown.addEventListener('abort', onShutdown, { once: true })
    const budget = setTimeout(() => abort(new BudgetSpentError(limits.workBudgetMs)), limits.workBudgetMs)
    const run = new JobRun({
      db,
      id: claim.id,
      input,
      job: claim.job,
      owner,
      leaseMs: limits.leaseMs,
      logger,
      signal: stop.signal,
    })
    const lease = repeatWhileHeld({
      work: () => run.renew(),
      everyMs: limits.leaseMs / 4,
      failuresBorne: renewalFailuresBorne,
      onEnd: abort,
    })
    try {
      await definition.run(run)
      // A definition that forgot to end its job must not leave it leased.
      if (!run.settled) throw new Error(`The run of ${run.key} returned without ending its job.`)
      logJobEnd(logger, run.record)
      await this.#cleanUp(definition, input, claim.id, logger)
      return { kind: 'done' }
    } catch (error) {
      await lease.stop()
      // Work that was cut short reports its own trouble; why it was cut short is what counts.
      const reason = stop.signal.aborted ? stop.signal.reason : error
      return await this.#settle({ ...params, credits: run.credits, error: reason })
    } finally {
      await lease.stop()
      clearTimeout(budget)
      shutdown.removeEventListener('abort', onShutdown)
    }
  }

  /** Puts a job down whose run did not end it, and says what follows. */
  async #settle(params: {
    definition: AnyJobDefinition
    input: unknown
    claim: Extract<Claim, { kind: 'claimed' }>
    owner: string
    logger: Logger
    credits: Record<string, number>
    error: unknown
  }): Promise<Outcome> {
    const { definition, input, claim, owner, credits, logger, error } = params
    const { db, limits } = this.#options
    if (error instanceof LeaseLostError) return { kind: 'held', retryAfterMs: limits.leaseMs }
    const run = { definition, input, claimed: claim.job, owner, credits, error }
    let job: JobRecord
    try {
      const { written, refusal } = await writeSomehow((form) => putDown(db, run, { limits, form }))
      if (refusal) logRefusedEnd(logger, refusal)
      job = written
    } catch (trouble) {
      // The record could not be settled: the lease will run out and the redelivery finds that.
      logger.warn('The job could not be put down in order.', { error: trouble, because: error })
      return tryAgain(trouble)
    }
    return await this.#report({ definition, input, id: claim.id, logger, error, job })
  }

  async #report(params: {
    definition: AnyJobDefinition
    input: unknown
    id: string
    logger: Logger
    error: unknown
    job: JobRecord
  }): Promise<Outcome> {
    const { definition, input, id, logger, error, job } = params
    const code = job.failure?.code ?? job.lastFailure?.code ?? `job.${job.state}`
    switch (job.state) {
      case 'failed':
        logJobEnd(logger, job, error)
        await this.#cleanUp(definition, input, id, logger)
        return { kind: 'failed', code }
      case 'canceled':
        logJobEnd(logger, job)
        await this.#cleanUp(definition, input, id, logger)
        return { kind: 'canceled', code }
      case 'waiting':
        logger.info('The job waits for its next try.', { code, retryAt: job.retryAt?.toDate().toISOString() })
        return await this.#later({ id, fence: job.fence, at: job.retryAt?.toDate() ?? new Date(), code })
      default:
        logger.warn('The job will be tried again.', { error, code, failures: job.failures })
        return { kind: 'try-again', code, retryAfterMs: 5_000 }
    }
  }

  /** A task at `at` where there is a queue; otherwise the delivery has to come again. */
  async #later(params: { id: string; fence: number; at: Date; code: string }): Promise<Outcome> {
    const { wakeQueue, logger } = this.#options
    const retryAfterMs = Math.max(1_000, params.at.getTime() - Date.now())
    if (!wakeQueue) return { kind: 'try-again', code: params.code, retryAfterMs }
    try {
      await wakeQueue.wake({ jobId: params.id, at: params.at, fence: params.fence })
      return { kind: 'woken-later', at: params.at }
    } catch (error) {
      logger.warn('The task that should wake the job could not be made; redelivery has to do it.', {
        error,
        jobId: params.id,
      })
      return { kind: 'try-again', code: params.code, retryAfterMs }
    }
  }

  async #cleanUp(definition: AnyJobDefinition, input: unknown, id: string, logger: Logger): Promise<void> {
    try {
      await definition.cleanUp({ input, jobId: id })
    } catch (error) {
      logger.warn('Temporaries of the job are left; the reconciler will remove them.', { error })
    }
  }
}

function tryAgain(error: unknown): Outcome {
  const code = error instanceof AppError ? error.code : 'internal'
  return { kind: 'try-again', code, retryAfterMs: 5_000 }
}
