import { join } from 'node:path'
import { z } from 'zod'
import type { Logger } from '#shared/logging/logger.ts'
import { type BackoffPolicy, backoffDelay } from '#shared/retry/backoff.ts'
import type { Clock } from '../clock.ts'
import { openDurableMap } from '../durable-map.ts'
import type { Identity } from '../identity/identity.ts'
import type { SendRequest } from '../send-request.ts'
import { ApiError } from './api-error.ts'
import { dispatchTask } from './dispatch.ts'
import { isTooFarAhead, type NewTask, StoredTask } from './task.ts'

/** The retry settings of a queue that gcloud creates without flags. */
export const DEFAULT_RETRY: BackoffPolicy = {
  baseMs: 100,
  factor: 2,
  maxMs: 3_600_000,
  jitter: 'full',
  maxAttempts: 100,
}
/** How long the name of a finished task can't be used again. */
const NAME_MEMORY_MS = 3_600_000

export interface TaskQueueOptions {
  /** The folder of the queue's files; null keeps it in memory. */
  dataDir: string | null
  clock: Clock
  identity: Identity
  send: SendRequest
  retry: BackoffPolicy
  newId: () => string
  log: Logger
}

/** Every queue of the local project: a queue is there as soon as it is named. */
export interface TaskQueue {
  /** Throws ApiError `ALREADY_EXISTS` for a name that is or was lately in use, `INVALID_ARGUMENT` for a bad one. */
  create(parent: string, task: NewTask): StoredTask
  /** Throws ApiError `NOT_FOUND`, as `delete` and `run` do. */
  get(name: string): StoredTask
  /** The tasks of one queue, in the order of their names. */
  list(parent: string): StoredTask[]
  delete(name: string): void
  /** Dispatches at once, whatever its schedule is. */
  run(name: string): StoredTask
  idle(): Promise<void>
  close(): Promise<void>
}

/** Opens the queue; tasks of an earlier run are dispatched when they are due, those that were under way at once. */
export function openTaskQueue(options: TaskQueueOptions): TaskQueue {
  const { dataDir, clock, retry, newId, log } = options
  const path = (file: string) => (dataDir === null ? null : join(dataDir, file))
  const tasks = openDurableMap(path('tasks.jsonl'), (json) => StoredTask.parse(json))
  const usedNames = openDurableMap(path('names.jsonl'), (json) => z.number().parse(json))
  const stop = new AbortController()
  /** What ends the wait or the dispatch of each task. */
  const running = new Map<string, { work: Promise<void>; cancel: AbortController }>()

  const finish = (name: string): void => {
    tasks.delete(name)
    usedNames.put(name, clock.now())
  }
  const live = async (name: string, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const waiting = tasks.get(name)
      if (waiting === undefined) return
      await clock.waitUntil(waiting.dueAtMs, signal)
      const task = { ...waiting, dispatchCount: waiting.dispatchCount + 1, dueAtMs: clock.now() }
      tasks.put(name, task)
      const answer = await dispatchTask({ ...options, signal }, task)
      if (signal.aborted) return
      const isDone = answer.status !== null && answer.status >= 200 && answer.status < 300
      if (isDone || task.dispatchCount >= retry.maxAttempts) {
        if (!isDone) log.warn('A task ran out of attempts and is dropped.', { task: name, answer: describe(answer) })
        finish(name)
        return
      }
      // The configured delays themselves, not spread: one machine has no herd of senders, and tests can name them.
      const dueAtMs = clock.after(backoffDelay(retry, task.dispatchCount, () => 1))
      const responseCount = task.responseCount + (answer.status === null ? 0 : 1)
      tasks.put(name, { ...task, responseCount, dueAtMs, lastAnswer: describe(answer) })
      log.debug('A task will be dispatched again.', { task: name, answer: describe(answer) })
    }
  }
  const start = (name: string): void => {
    const cancel = new AbortController()
    const signal = AbortSignal.any([stop.signal, cancel.signal])
    const work = live(name, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) log.error('The task queue failed.', { error, task: name })
      })
      .finally(() => {
        if (running.get(name)?.cancel === cancel) running.delete(name)
      })
    running.set(name, { work, cancel })
  }
  const find = (name: string): StoredTask => {
    const task = tasks.get(name)
    if (task === undefined) throw new ApiError('NOT_FOUND', 'Requested entity was not found.')
    return task
  }
  const claimName = (name: string): void => {
    for (const [used, sinceMs] of usedNames.entries()) {
      if (clock.elapsedSince(sinceMs) > NAME_MEMORY_MS) usedNames.delete(used)
    }
    if (tasks.get(name) !== undefined) throw new ApiError('ALREADY_EXISTS', 'Requested entity already exists')
    if (usedNames.get(name) === undefined) return
    throw new ApiError(
      'ALREADY_EXISTS',
      'The task cannot be created because a task with this name existed too recently.',
    )
  }

  for (const [name] of tasks.entries()) start(name)
  return {
    create(parent, { name = `${parent}/tasks/${newId()}`, scheduleTime, dispatchDeadline, httpRequest }) {
      checkName(parent, name)
      const nowMs = clock.now()
      const scheduledAtMs = Math.max(nowMs, scheduleTime === undefined ? nowMs : Date.parse(scheduleTime))
      if (isTooFarAhead(scheduledAtMs, nowMs)) {
        throw new ApiError('INVALID_ARGUMENT', 'task.scheduleTime is more than 30 days ahead.')
      }
      claimName(name)
      const dueAtMs = clock.after(scheduledAtMs - nowMs)
      const counters = { dispatchCount: 0, responseCount: 0, lastAnswer: null }
      const task = { name, httpRequest, dispatchDeadline, createdAtMs: nowMs, scheduledAtMs, dueAtMs, ...counters }
      tasks.put(name, task)
      start(name)
      return task
    },
    get: find,
    list: (parent) =>
      tasks
        .entries()
        .filter(([name]) => name.startsWith(`${parent}/tasks/`))
        .map(([, task]) => task)
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    delete(name) {
      find(name)
      running.get(name)?.cancel.abort()
      finish(name)
    },
    run(name) {
      const task = { ...find(name), dueAtMs: clock.now() }
      running.get(name)?.cancel.abort()
      tasks.put(name, task)
      start(name)
      return task
    },
    async idle() {
      while (running.size > 0) await Promise.race([...running.values()].map(({ work }) => work))
    },
    async close() {
      if (stop.signal.aborted) return
      stop.abort(new Error('The task queue is closing.'))
      await Promise.all([...running.values()].map(({ work }) => work))
      tasks.close()
      usedNames.close()
    },
  }
}

function checkName(parent: string, name: string): void {
  const id = name.startsWith(`${parent}/tasks/`) ? name.slice(parent.length + '/tasks/'.length) : ''
  if (/^[\w-]{1,500}$/.test(id)) return
  throw new ApiError('INVALID_ARGUMENT', `task.name must be ${parent}/tasks/ and up to 500 letters, digits, - or _.`)
}

function describe(answer: { status: number } | { status: null; reason: string }): string {
  return answer.status === null ? answer.reason : String(answer.status)
}
