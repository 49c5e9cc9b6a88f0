import { z } from 'zod'
import type { ApiCall } from './recording.ts'

const CREATE = /^\/v2\/projects\/[^/]+\/locations\/[^/]+\/queues\/([^/]+)\/tasks$/
const taskSchema = z.object({
  task: z.object({
    httpRequest: z.object({ oidcToken: z.object({ serviceAccountEmail: z.string() }).optional() }).optional(),
  }),
})

/** What a request asks of Cloud Tasks. A task that carries an account's token is made in that account's name. */
export function taskCalls(request: { method: string; url: URL; body: Buffer | null }): ApiCall[] {
  const [, queue] = CREATE.exec(request.url.pathname) ?? []
  if (request.method !== 'POST' || queue === undefined) {
    return [{ method: `cloudtasks.${request.method} ${request.url.pathname}`, variant: null, on: 'project' }]
  }
  const { task } = taskSchema.parse(JSON.parse(request.body?.toString('utf8') ?? 'null'))
  const create: ApiCall = { method: 'cloudtasks.tasks.create', variant: null, on: `queue:${queue}` }
  const email = task.httpRequest?.oidcToken?.serviceAccountEmail
  if (email === undefined) return [create]
  const account = `account:${email.split('@')[0]}`
  return [create, { method: 'iam.serviceAccounts.actAs', variant: null, on: account }]
}
