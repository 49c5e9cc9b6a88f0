import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Logger, silentLogger } from '#shared/logging/logger.ts'
import type { BackoffPolicy } from '#shared/retry/backoff.ts'
import { type Clock, createClock } from '../clock.ts'
import { type Identity, openIdentity } from '../identity/identity.ts'
import { type SendRequest, sendRequest } from '../send-request.ts'
import { ApiError } from './api-error.ts'
import { DEFAULT_RETRY, openTaskQueue, type TaskQueue } from './queue.ts'
import { CreateTaskRequest, taskResource } from './task.ts'

export interface TaskServerOptions {
  /** 0 for any free port. */
  port: number
  /** The folder of the queue's files; null keeps it in memory. */
  dataDir: string | null
  /** Who signs the tasks' tokens. Default: a key of its own in `dataDir`. */
  identity?: Identity
  clock?: Clock
  retry?: Partial<BackoffPolicy>
  send?: SendRequest
  newId?: () => string
  log?: Logger
}

/** What Cloud Tasks is to the cloud: REST v2 with HTTP targets, on loopback. */
export interface TaskServer {
  /** The base URL, for TASKS_BASE_URL. */
  url: string
  /** The keys of the tokens, for OIDC_JWKS_URL. */
  jwksUrl: string
  /** Resolves when no task waits or runs. */
  idle(): Promise<void>
  close(): Promise<void>
}

/** Cloud Tasks takes tasks of at most 1 MB. */
const MAX_BODY_BYTES = 1024 * 1024
const DEFAULT_PAGE_SIZE = 1_000

/** Starts the server; tasks of an earlier run in `dataDir` go on. */
export async function startTaskServer(options: TaskServerOptions): Promise<TaskServer> {
  const { port, dataDir, clock = createClock(), log = silentLogger } = options
  const identity = options.identity ?? (await openIdentity({ dataDir }))
  const queue = openTaskQueue({
    dataDir,
    clock,
    identity,
    send: options.send ?? sendRequest,
    retry: { ...DEFAULT_RETRY, ...options.retry },
    newId: options.newId ?? (() => BigInt(`0x${randomBytes(8).toString('hex')}`).toString()),
    log,
  })
  const server = createServer((request, response) => {
    void answer(request, queue, identity)
      .catch((error: unknown) => {
        if (error instanceof ApiError) return { status: error.httpStatus, json: error }
        log.error('The task server failed.', { error })
        const internal = new ApiError('INTERNAL', 'Internal error encountered.')
        return { status: internal.httpStatus, json: internal }
      })
      .then(({ status, json }) => {
        response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(json))
      })
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  } catch (error) {
    await queue.close()
    throw error
  }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // a TCP server's address, once it listens
  return {
    url,
    jwksUrl: `${url}/jwks.json`,
    idle: () => queue.idle(),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await queue.close()
      await closed
    },
  }
}

interface Reply {
  status: number
  json: unknown
}

const ROUTE = /^\/v2\/(projects\/[^/]+\/locations\/[^/]+\/queues\/[^/]+)(?:\/tasks(?:\/([^/:]+)(:run)?)?)?$/

async function answer(request: IncomingMessage, queue: TaskQueue, identity: Identity): Promise<Reply> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const method = request.method ?? 'GET'
  if (method === 'GET' && url.pathname === '/') return ok({ status: 'ready' })
  if (method === 'GET' && url.pathname === '/jwks.json') return ok(identity.jwks)
  const match = ROUTE.exec(url.pathname)
  const [, parent = '', id, verb] = match ?? []
  if (match === null) throw new ApiError('NOT_FOUND', `There is no ${url.pathname} here.`)
  const name = `${parent}/tasks/${id}`
  const isCollection = id === undefined && url.pathname.endsWith('/tasks')
  if (isCollection && method === 'POST') return ok(taskResource(queue.create(parent, await readTask(request))))
  if (isCollection && method === 'GET') return ok(listPage(queue, parent, url.searchParams))
  if (id === undefined && method === 'GET') return ok({ name: parent, state: 'RUNNING' })
  if (id !== undefined && verb === ':run' && method === 'POST') return ok(taskResource(queue.run(name)))
  if (id !== undefined && verb === undefined && method === 'GET') return ok(taskResource(queue.get(name)))
  if (id !== undefined && verb === undefined && method === 'DELETE') {
    queue.delete(name)
    return ok({})
  }
  throw new ApiError('NOT_FOUND', `There is no ${method} ${url.pathname} here.`)
}

function ok(json: unknown): Reply {
  return { status: 200, json }
}

async function readTask(request: IncomingMessage) {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_BODY_BYTES) throw new ApiError('INVALID_ARGUMENT', 'The task is larger than 1 MB.')
    chunks.push(chunk)
  }
  let json: unknown
  try {
    json = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new ApiError('INVALID_ARGUMENT', 'Invalid JSON payload received.')
  }
  const parsed = CreateTaskRequest.safeParse(json)
  if (parsed.success) return parsed.data.task
  const issue = parsed.error.issues[0]
  throw new ApiError('INVALID_ARGUMENT', `Invalid value at '${issue?.path.join('.')}': ${issue?.message}`)
}

/** Pages by name: the token is the last name of the page before. */
function listPage(queue: TaskQueue, parent: string, query: URLSearchParams): Record<string, unknown> {
  const after = query.get('pageToken') ?? ''
  const pageSize = Math.min(Math.max(Number(query.get('pageSize')) || DEFAULT_PAGE_SIZE, 1), DEFAULT_PAGE_SIZE)
  const rest = queue.list(parent).filter(({ name }) => name > after)
  const page = rest.slice(0, pageSize)
  const last = rest.length > pageSize ? page.at(-1) : undefined
  return { tasks: page.map(taskResource), ...(last === undefined ? {} : { nextPageToken: last.name }) }
}
