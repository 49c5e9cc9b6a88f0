import { TransientError } from '#shared/errors/app-error.ts'
import { taskName, type WakeQueue, type WakeRequest } from './wake.ts'

export interface CloudTasksOptions {
  /** `https://cloudtasks.googleapis.com`, or the local cloud's task server. */
  baseUrl: string
  /** `projects/P/locations/L/queues/Q` */
  queue: string
  /** The URL under which the queue reaches this service; the task calls `/internal/jobs/{id}` below it. */
  serviceUrl: string
  /** Whose OIDC token the task carries. */
  serviceAccount: string
  /** Bearer token for the Cloud Tasks API; null where none is asked for (local cloud). */
  accessToken: () => Promise<string | null>
  fetch?: typeof fetch
}

/** As long as Cloud Tasks allows an HTTP target to work. */
const dispatchDeadline = '1800s'
const createTimeoutMs = 10_000

/**
 * `wake` through the Cloud Tasks REST API v2 (`tasks.create`). A name that exists already is the same wake asked for
 * twice and counts as done.
 * @throws TransientError `tasks.unavailable` when the task could not be made.
 */
export function createCloudTasksQueue(options: CloudTasksOptions): WakeQueue {
  const send = options.fetch ?? fetch
  return {
    async wake(request: WakeRequest) {
      const url = new URL(`/v2/${options.queue}/tasks`, options.baseUrl)
      const target = new URL(`/internal/jobs/${request.jobId}`, options.serviceUrl)
      const token = await options.accessToken()
      const body = {
        task: {
          name: `${options.queue}/tasks/${taskName(request)}`,
          scheduleTime: request.at.toISOString(),
          dispatchDeadline,
          httpRequest: {
            url: target.href,
            httpMethod: 'POST',
            oidcToken: { serviceAccountEmail: options.serviceAccount, audience: new URL(options.serviceUrl).origin },
          },
        },
      }
      const headers: Record<string, string> = { 'content-type': 'application/json' }
      if (token !== null) headers.authorization = `Bearer ${token}`
      const failed = (facts: Record<string, unknown>, cause?: unknown) =>
        new TransientError({ code: 'tasks.unavailable', message: 'Cloud Tasks did not take the task.', facts, cause })
      let response: Response
      try {
        response = await send(url, {
          method: 'POST',
          headers,
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(createTimeoutMs),
        })
      } catch (cause) {
        throw failed({ host: url.host }, cause)
      }
      const text = await response.text()
      if (response.ok || response.status === 409) return
      throw failed({ host: url.host, status: response.status, answer: text.slice(0, 300) })
    },
  }
}
