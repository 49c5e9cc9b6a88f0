import { z } from 'zod'

/** Cloud Tasks' limits for an HTTP target's dispatch deadline, and what it takes when none is given. */
const MIN_DEADLINE_S = 15
const MAX_DEADLINE_S = 1_800
const DEFAULT_DEADLINE = '600s'
/** A task may be scheduled this far ahead. */
const MAX_AHEAD_MS = 30 * 24 * 3_600_000

const duration = z.string().regex(/^\d{1,9}(\.\d{1,9})?s$/)
const timestamp = z.iso.datetime({ offset: true })

const HttpTarget = z.object({
  url: z.url({ protocol: /^https?$/ }),
  httpMethod: z.enum(['POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']).default('POST'),
  headers: z.record(z.string(), z.string()).default({}),
  /** Base64. */
  body: z.base64().default(''),
  oidcToken: z.object({ serviceAccountEmail: z.email(), audience: z.string().optional() }).optional(),
})

/** What `tasks.create` takes; only HTTP targets, since nothing else is used here. */
export const CreateTaskRequest = z.object({
  task: z.object({
    name: z.string().optional(),
    scheduleTime: timestamp.optional(),
    dispatchDeadline: duration.default(DEFAULT_DEADLINE).refine(isAllowedDeadline, {
      error: `must be from ${MIN_DEADLINE_S}s to ${MAX_DEADLINE_S}s`,
    }),
    httpRequest: HttpTarget,
  }),
})
export type NewTask = z.infer<typeof CreateTaskRequest>['task']

/** A task as it is kept. */
export const StoredTask = z.object({
  /** `projects/P/locations/L/queues/Q/tasks/T` */
  name: z.string(),
  httpRequest: HttpTarget,
  dispatchDeadline: duration,
  createdAtMs: z.number(),
  /** What the caller asked for. */
  scheduledAtMs: z.number(),
  /** When the next dispatch begins; earlier than asked on a clock that passes faster. */
  dueAtMs: z.number(),
  dispatchCount: z.number(),
  responseCount: z.number(),
  lastAnswer: z.string().nullable(),
})
export type StoredTask = z.infer<typeof StoredTask>

/** The task as the REST API v2 shows it. */
export function taskResource(task: StoredTask): Record<string, unknown> {
  const { body: _, ...httpRequest } = task.httpRequest
  return {
    name: task.name,
    httpRequest,
    scheduleTime: new Date(task.scheduledAtMs).toISOString(),
    createTime: new Date(task.createdAtMs).toISOString(),
    dispatchDeadline: task.dispatchDeadline,
    ...(task.dispatchCount === 0 ? {} : { dispatchCount: task.dispatchCount }),
    ...(task.responseCount === 0 ? {} : { responseCount: task.responseCount }),
    ...(task.lastAnswer === null ? {} : { lastAttempt: { responseStatus: { message: task.lastAnswer } } }),
    view: 'BASIC',
  }
}

/** Milliseconds of a protobuf JSON duration. */
export function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * 1_000
}

/** Whether a schedule lies further ahead than Cloud Tasks takes. */
export function isTooFarAhead(scheduledAtMs: number, nowMs: number): boolean {
  return scheduledAtMs - nowMs > MAX_AHEAD_MS
}

function isAllowedDeadline(text: string): boolean {
  const seconds = durationMs(text) / 1_000
  return seconds >= MIN_DEADLINE_S && seconds <= MAX_DEADLINE_S
}
