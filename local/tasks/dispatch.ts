import type { Clock } from '../clock.ts'
import type { Identity } from '../identity/identity.ts'
import type { Answer, OutgoingRequest, SendRequest } from '../send-request.ts'
import { durationMs, type StoredTask } from './task.ts'

export interface DispatchContext {
  send: SendRequest
  identity: Identity
  clock: Clock
  signal: AbortSignal
}

/**
 * Makes one dispatch of a task as Cloud Tasks does: its own headers, an OIDC token made now, and the connection cut at
 * the dispatch deadline (in real time: a handler does not work faster because waiting does). Never throws.
 */
export async function dispatchTask(context: DispatchContext, task: StoredTask): Promise<Answer> {
  const { send, clock, signal } = context
  let outgoing: OutgoingRequest
  try {
    outgoing = await buildRequest(context, task)
  } catch (error) {
    return { status: null, reason: `no token: ${String(error)}` }
  }
  const over = new AbortController()
  const deadlineMs = durationMs(task.dispatchDeadline)
  const late = { status: null, reason: `DEADLINE_EXCEEDED after ${deadlineMs} ms` }
  const deadline = clock.waitUntil(clock.now() + deadlineMs, over.signal).then(() => late)
  try {
    return await Promise.race([send(outgoing, AbortSignal.any([signal, over.signal])), deadline])
  } finally {
    // The deadline's own rejection must not count as unhandled.
    deadline.catch(() => {})
    over.abort()
  }
}

async function buildRequest({ identity }: DispatchContext, task: StoredTask): Promise<OutgoingRequest> {
  const { url, httpMethod, headers, body, oidcToken } = task.httpRequest
  const [, queue = '', id = ''] = /\/queues\/([^/]+)\/tasks\/([^/]+)$/.exec(task.name) ?? []
  const token =
    oidcToken === undefined
      ? null
      : await identity.mint({ email: oidcToken.serviceAccountEmail, audience: oidcToken.audience ?? url })
  return {
    method: httpMethod,
    url: new URL(url),
    headers: {
      'content-type': 'application/octet-stream',
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      'user-agent': 'Google-Cloud-Tasks',
      'x-cloudtasks-queuename': queue,
      'x-cloudtasks-taskname': id,
      'x-cloudtasks-taskretrycount': String(task.dispatchCount - 1),
      'x-cloudtasks-taskexecutioncount': String(task.responseCount),
      'x-cloudtasks-tasketa': String(task.scheduledAtMs / 1_000),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: Buffer.from(body, 'base64'),
  }
}
