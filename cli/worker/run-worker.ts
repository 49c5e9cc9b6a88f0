import type { Outcome } from '#shared/jobs/outcome.ts'
import { type Sleep, sleep } from '#shared/retry/sleep.ts'
import type { Task, WorkQueue } from './task.ts'

/** What a worker tells of its doing. */
export interface WorkerEvents {
  begun(task: Task): void
  /** A run of a task has returned, whatever became of the job. */
  returned(task: Task, outcome: Outcome): Promise<void>
  /** Looking for work, or a run, went wrong; the worker goes on. */
  trouble(what: string, error: unknown): void
  /** All that is live, at every look. */
  seen(tasks: readonly Task[]): Promise<void>
}

export interface WorkerInit {
  queues: readonly WorkQueue[]
  /** Return when the queue is empty. */
  once: boolean
  pollMs: number
  events: WorkerEvents
  /** Aborted: nothing more is taken up. */
  signal: AbortSignal
  now?: () => number
  sleep?: Sleep
}

/** With `once`, what comes due within this is waited for: a rate limit, a reprocess whose upload may still come. */
const soonMs = 75_000
/** Between two rounds of tidying while there is nothing to do. */
const tidyEveryMs = 300_000
/** A look that is due at once still leaves the others the machine. */
const shortestPauseMs = 100

/** With `once` somebody waits for the end: after so many looks in a row that failed they should know. */
const failuresBorneOnce = 5

/** A task of a queue, and when we may take it up. */
interface Found {
  queue: WorkQueue
  task: Task
  dueAtMs: number
}

/** Looks for work, does as much of it at once as each queue allows, and looks again. */
export class Worker {
  readonly #init: Required<WorkerInit>
  readonly #running = new Map<string, { queue: WorkQueue; ended: Promise<void> }>()
  /** Claims that were not ours to have, or failed without a trace in the job's record. */
  readonly #notBefore = new Map<string, number>()
  /** What was put off, or was somebody else's after all. */
  readonly #begun = new Set<string>()
  /** Looks that failed in a row; absent before the first that succeeded. */
  readonly #failures = new Map<WorkQueue, number>()
  /** What a look has found may have ended before it returns. */
  readonly #endedMeanwhile = new Set<string>()
  #wake = Promise.withResolvers<void>()
  #tidiedAtMs: number
  /** Beside the looks: it may find something to do, and do it here and now. */
  #tidying: Promise<void> | null = null

  constructor(init: WorkerInit) {
    this.#init = { now: Date.now, sleep, ...init }
    this.#tidiedAtMs = this.#init.now()
  }

  /** Resolves when the signal aborts, or with `once` when the queue is empty. @throws what makes the very first look fail. */
  async run(): Promise<void> {
    const { signal, once, now } = this.#init
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      const { found, isWhole } = await this.#look()
      if (signal.aborted) return
      this.#begin(found)
      const waiting = found.filter(({ task }) => !this.#running.has(task.jobId))
      const isIdle = isWhole && this.#running.size === 0 && !waiting.some((one) => this.#isSoon(one))
      if (once && isIdle && this.#endedMeanwhile.size === 0) return
      if (isIdle && now() - this.#tidiedAtMs >= tidyEveryMs) this.#tidying ??= this.#tidy()
      await this.#pause(waiting)
    }
  }

  /** Resolves when every run has returned. */
  async ended(): Promise<void> {
    await Promise.all([this.#tidying, ...[...this.#running.values()].map(({ ended }) => ended)])
  }

  async #look(): Promise<{ found: Found[]; isWhole: boolean }> {
    const { queues, events } = this.#init
    this.#endedMeanwhile.clear()
    const looks = await Promise.all(queues.map((queue) => this.#lookAt(queue)))
    const found = looks.flatMap((look) => look ?? [])
    const isWhole = looks.every((look) => look !== null)
    try {
      // Of a part nobody can say what has gone.
      if (isWhole) await events.seen(found.map(({ task }) => task))
    } catch (error) {
      events.trouble('Telling what has ended failed', error)
    }
    return { found: found.filter(({ task }) => !this.#endedMeanwhile.has(task.jobId)), isWhole }
  }

  /** Null when it can't be said what there is. */
  async #lookAt(queue: WorkQueue): Promise<Found[] | null> {
    const failures = this.#failures.get(queue) ?? null
    try {
      const tasks = await queue.find()
      this.#failures.set(queue, 0)
      return tasks.map((task) => ({ queue, task, dueAtMs: this.#dueAtMs(task) }))
    } catch (error) {
      // Wrong rights and wrong names show themselves at the first look, and waiting doesn't mend them.
      if (failures === null || (this.#init.once && failures >= failuresBorneOnce)) throw error
      this.#failures.set(queue, failures + 1)
      this.#init.events.trouble(`Looking for ${queue.name} failed`, error)
      return null
    }
  }

  #dueAtMs({ jobId, dueAt }: Task): number {
    return Math.max(dueAt.getTime(), this.#notBefore.get(jobId) ?? 0)
  }

  #begin(found: readonly Found[]): void {
    const nowMs = this.#init.now()
    for (const { queue, task, dueAtMs } of found) {
      const { jobId } = task
      const places = queue.concurrency - [...this.#running.values()].filter((one) => one.queue === queue).length
      if (places <= 0 || dueAtMs > nowMs || this.#running.has(jobId)) continue
      this.#running.set(jobId, { queue, ended: this.#run(task) })
    }
  }

  async #run(task: Task): Promise<void> {
    const { events, now } = this.#init
    events.begun(task)
    try {
      const outcome = await task.run()
      this.#notBefore.delete(task.jobId)
      if (outcome.kind === 'held' || outcome.kind === 'try-again') {
        this.#notBefore.set(task.jobId, now() + outcome.retryAfterMs)
        this.#begun.add(task.jobId)
      }
      await events.returned(task, outcome)
    } catch (error) {
      this.#notBefore.set(task.jobId, now() + this.#init.pollMs)
      events.trouble(`Work on ${task.subject.label} failed`, error)
    } finally {
      this.#running.delete(task.jobId)
      this.#endedMeanwhile.add(task.jobId)
      this.#wake.resolve()
    }
  }

  #isSoon({ task, dueAtMs }: Found): boolean {
    const isTheirs = task.isLeased && dueAtMs > this.#init.now()
    // What we have begun we see to its end, in whose hands it may be now.
    if (isTheirs) return this.#begun.has(task.jobId)
    return dueAtMs - this.#init.now() <= soonMs
  }

  async #tidy(): Promise<void> {
    const { queues, events, now } = this.#init
    for (const queue of queues) {
      try {
        await queue.tidy()
      } catch (error) {
        events.trouble(`Tidying up after ${queue.name} failed`, error)
      }
    }
    this.#tidiedAtMs = now()
    this.#tidying = null
  }

  /** Until the next look: a poll, something that comes due, the end of a run, or the signal. */
  async #pause(waiting: readonly Found[]): Promise<void> {
    const { pollMs, now, signal } = this.#init
    const future = waiting.map(({ dueAtMs }) => dueAtMs - now()).filter((ms) => ms > 0)
    const pauseMs = Math.max(shortestPauseMs, Math.min(pollMs, ...future))
    const over = new AbortController()
    try {
      await Promise.race([this.#init.sleep(pauseMs, AbortSignal.any([signal, over.signal])), this.#wake.promise])
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      over.abort()
    }
  }
}
