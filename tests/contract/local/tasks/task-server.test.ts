import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClock, createManualClock } from '#local/clock.ts'
import { startTaskServer, type TaskServer, type TaskServerOptions } from '#local/tasks/server.ts'
import { createCloudTasksQueue } from '#shared/jobs/cloud-tasks.ts'
import { createOidcVerifier } from '#shared/server/oidc-token.ts'
import { type Receiver, type Reply, startReceiver, until } from '../../../support/receiver.ts'

const QUEUE = 'projects/p/locations/l/queues/wake'
const HOUR = 3_600_000
const NOON = Date.parse('2026-11-21T12:00:00Z')

let reply: (count: number) => Reply | Promise<Reply>
let receiver: Receiver
let dataDir: string
const open: TaskServer[] = []

beforeEach(async () => {
  reply = () => 204
  receiver = await startReceiver((_, count) => reply(count))
  dataDir = mkdtempSync(join(tmpdir(), 'tasks-'))
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()))
  await receiver.close()
  rmSync(dataDir, { recursive: true })
})

async function start(options: Partial<TaskServerOptions> = {}): Promise<TaskServer> {
  const server = await startTaskServer({ port: 0, dataDir: null, clock: createClock(1_000), ...options })
  open.push(server)
  return server
}

async function call(server: TaskServer, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${server.url}/v2/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> }
}

function create(server: TaskServer, task: Record<string, unknown>) {
  const httpRequest = { url: `${receiver.url}/internal/jobs/j1` }
  return call(server, 'POST', `${QUEUE}/tasks`, { task: { httpRequest, ...task } })
}

/** Until a task's answer has come: with the clock moved on before, it would come too late. */
async function gone(server: TaskServer, id: string): Promise<void> {
  while ((await call(server, 'GET', `${QUEUE}/tasks/${id}`)).status !== 404);
}

test('a task arrives as Cloud Tasks sends it', async () => {
  const server = await start()
  const created = await create(server, {
    name: `${QUEUE}/tasks/t-1`,
    httpRequest: {
      url: `${receiver.url}/internal/jobs/j1?x=1`,
      httpMethod: 'PUT',
      headers: { 'Content-Type': 'application/json', 'X-Own': 'yes' },
      body: Buffer.from('{"a":1}').toString('base64'),
    },
  })
  expect(created).toMatchObject({
    status: 200,
    json: { name: `${QUEUE}/tasks/t-1`, dispatchDeadline: '600s', view: 'BASIC', httpRequest: { httpMethod: 'PUT' } },
  })
  await server.idle()
  const [request] = receiver.received
  expect(request).toMatchObject({ method: 'PUT', url: '/internal/jobs/j1?x=1' })
  expect(request?.body.toString()).toBe('{"a":1}')
  expect(request?.headers).toMatchObject({
    'user-agent': 'Google-Cloud-Tasks',
    'content-type': 'application/json',
    'x-own': 'yes',
    'x-cloudtasks-queuename': 'wake',
    'x-cloudtasks-taskname': 't-1',
    'x-cloudtasks-taskretrycount': '0',
    'x-cloudtasks-taskexecutioncount': '0',
  })
  expect(request?.headers.authorization).toBeUndefined()
})

test('a wake of our own job queue is dispatched with a token that our own check accepts', async () => {
  const server = await start()
  const wakeQueue = createCloudTasksQueue({
    baseUrl: server.url,
    queue: QUEUE,
    serviceUrl: receiver.url,
    serviceAccount: 'tasks@p.iam.gserviceaccount.com',
    accessToken: async () => null,
  })
  const wake = { jobId: 'abc123', at: new Date(Date.now() + 60_000), fence: 2 }
  await wakeQueue.wake(wake)
  await wakeQueue.wake(wake)
  await server.idle()
  await wakeQueue.wake(wake)
  expect(receiver.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /internal/jobs/abc123'])

  const token = receiver.received[0]!.headers.authorization!.replace('Bearer ', '')
  const rules = { issuers: ['https://accounts.google.com'], audiences: [receiver.url], trustStrippedSignature: false }
  const verify = createOidcVerifier({ ...rules, jwksUrl: server.jwksUrl })
  await expect(verify(token, new Date())).resolves.toEqual({ email: 'tasks@p.iam.gserviceaccount.com' })
  const stranger = await start()
  await expect(createOidcVerifier({ ...rules, jwksUrl: stranger.jwksUrl })(token, new Date())).rejects.toThrow(
    'signature',
  )
})

test("without an audience the token is for the task's URL", async () => {
  const server = await start()
  const url = `${receiver.url}/x`
  await create(server, { httpRequest: { url, oidcToken: { serviceAccountEmail: 'a@b.example' } } })
  await server.idle()
  const [, payload = ''] = String(receiver.received[0]?.headers.authorization).split('.')
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
    aud: url,
    email: 'a@b.example',
    email_verified: true,
    iss: 'https://accounts.google.com',
  })
})

test('a task waits for its time', async () => {
  const clock = createManualClock(NOON)
  const server = await start({ clock })
  await create(server, { scheduleTime: '2026-11-21T13:00:00Z' })
  clock.advance(HOUR - 1)
  expect(clock.waiting()).toBe(1)
  expect(receiver.received).toEqual([])
  clock.advance(1)
  await server.idle()
  expect(receiver.received).toHaveLength(1)
})

test('a task whose time is past is dispatched at once', async () => {
  const server = await start({ clock: createManualClock(NOON) })
  await create(server, { scheduleTime: '2020-01-01T00:00:00Z' })
  await server.idle()
  expect(receiver.received).toHaveLength(1)
})

test('a name is taken while its task lives and for an hour after', async () => {
  const clock = createManualClock(NOON)
  const server = await start({ clock, dataDir })
  const named = { name: `${QUEUE}/tasks/once`, scheduleTime: '2026-11-21T12:00:01Z' }
  expect((await create(server, named)).status).toBe(200)
  expect(await create(server, named)).toMatchObject({ status: 409, json: { error: { status: 'ALREADY_EXISTS' } } })
  clock.advance(1_000)
  await server.idle()
  expect((await create(server, named)).status).toBe(409)
  await server.close()

  const restarted = await start({ clock, dataDir })
  expect((await create(restarted, named)).status).toBe(409)
  clock.advance(HOUR + 1)
  expect((await create(restarted, named)).status).toBe(200)
  await restarted.idle()
  expect(receiver.received).toHaveLength(2)
})

test.each<Reply>([302, 400, 404, 429, 500, 503, 'hang up'])('after the answer %s it is tried again', async (bad) => {
  reply = (count) => (count < 3 ? bad : 200)
  const server = await start()
  await create(server, {})
  await server.idle()
  expect(receiver.received.map(({ headers }) => headers['x-cloudtasks-taskretrycount'])).toEqual(['0', '1', '2'])
})

test('the wait between dispatches doubles', async () => {
  reply = () => 503
  const clock = createManualClock(NOON)
  const server = await start({ clock, retry: { baseMs: 1_000, maxMs: 5_000 } })
  const { json } = await create(server, {})
  const answered = async (responseCount: number): Promise<void> => {
    while ((await call(server, 'GET', String(json.name))).json.responseCount !== responseCount);
  }
  const waits: number[] = []
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await answered(attempt)
    let waitedMs = 0
    while (clock.waiting() === 1) {
      clock.advance(500)
      waitedMs += 500
    }
    waits.push(waitedMs)
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
  await answered(6)
  const shown = await call(server, 'GET', String(json.name))
  expect(shown.json).toMatchObject({ dispatchCount: 6, lastAttempt: { responseStatus: { message: '503' } } })
})

test('a task that ran out of attempts is gone', async () => {
  reply = () => 500
  const server = await start({ retry: { maxAttempts: 3 } })
  const { json } = await create(server, {})
  await server.idle()
  expect(receiver.received).toHaveLength(3)
  expect(await call(server, 'GET', String(json.name))).toMatchObject({ status: 404, json: { error: { code: 404 } } })
})

test('past its dispatch deadline a request is cut and the task tried again', async () => {
  const never = new Promise<Reply>(() => {})
  reply = (count) => (count === 1 ? never : 204)
  const clock = createManualClock(NOON)
  const server = await start({ clock, retry: { baseMs: 1_000 } })
  await create(server, { dispatchDeadline: '15s' })
  await until(() => receiver.received.length === 1)
  clock.advance(15_000)
  await until(() => clock.waiting() === 1)
  clock.advance(1_000)
  await server.idle()
  expect(receiver.received).toHaveLength(2)
})

test('tasks go on after a restart, waiting or under way', async () => {
  const never = new Promise<Reply>(() => {})
  reply = () => never
  const clock = createManualClock(NOON)
  const first = await start({ clock, dataDir })
  await create(first, { name: `${QUEUE}/tasks/under-way` })
  await create(first, { name: `${QUEUE}/tasks/later`, scheduleTime: '2026-11-21T13:00:00Z' })
  await until(() => receiver.received.length === 1)
  // Not closed: a killed process does not close either, and everything is on disk by now.
  receiver.received.length = 0
  reply = () => 204
  const second = await start({ clock, dataDir })
  await until(() => receiver.received.length === 1)
  expect(receiver.received[0]?.headers).toMatchObject({
    'x-cloudtasks-taskname': 'under-way',
    'x-cloudtasks-taskretrycount': '1',
  })
  await first.close()
  await gone(second, 'under-way')
  clock.advance(HOUR)
  await second.idle()
  expect(receiver.received[1]?.headers['x-cloudtasks-taskname']).toBe('later')
})

test("the signing key outlives a restart, so that a service's cached keys stay good", async () => {
  const keys = async (server: TaskServer) => (await fetch(server.jwksUrl)).json() as Promise<{ keys: object[] }>
  const first = await start({ dataDir })
  const before = await keys(first)
  await first.close()
  expect(await keys(await start({ dataDir }))).toEqual(before)
  expect(before.keys).toHaveLength(1)
  expect(Object.keys(before.keys[0]!).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use'])
})

test('tasks are listed by page, deleted, and run before their time', async () => {
  const clock = createManualClock(NOON)
  const server = await start({ clock })
  for (const id of ['c', 'a', 'b']) {
    await create(server, { name: `${QUEUE}/tasks/${id}`, scheduleTime: '2026-11-21T13:00:00Z' })
  }
  const ids = (page: Record<string, unknown>) => (page.tasks as { name: string }[]).map(({ name }) => name.at(-1))
  const first = await call(server, 'GET', `${QUEUE}/tasks?pageSize=2`)
  expect(ids(first.json)).toEqual(['a', 'b'])
  const second = await call(server, 'GET', `${QUEUE}/tasks?pageSize=2&pageToken=${String(first.json.nextPageToken)}`)
  expect(ids(second.json)).toEqual(['c'])
  expect(second.json.nextPageToken).toBeUndefined()

  expect(await call(server, 'DELETE', `${QUEUE}/tasks/a`)).toEqual({ status: 200, json: {} })
  expect((await call(server, 'DELETE', `${QUEUE}/tasks/a`)).status).toBe(404)
  expect((await create(server, { name: `${QUEUE}/tasks/a` })).status).toBe(409)
  expect((await call(server, 'POST', `${QUEUE}/tasks/b:run`)).status).toBe(200)
  await until(() => receiver.received.length === 1)
  expect(receiver.received[0]?.headers['x-cloudtasks-taskname']).toBe('b')
  await gone(server, 'b')
  clock.advance(HOUR)
  await server.idle()
  expect(receiver.received.map(({ headers }) => headers['x-cloudtasks-taskname'])).toEqual(['b', 'c'])
})

test.each<[string, unknown]>([
  ['no JSON', '{'],
  ['no task', {}],
  ['no target', { task: {} }],
  ['a target that is no URL', { task: { httpRequest: { url: 'nowhere' } } }],
  ['a target of another scheme', { task: { httpRequest: { url: 'file:///etc/passwd' } } }],
  ['a body that is no base64', { task: { httpRequest: { url: 'http://127.0.0.1/', body: '%' } } }],
  ['a name of another queue', { task: { name: 'projects/x/tasks/1', httpRequest: { url: 'http://127.0.0.1/' } } }],
  ['a name with a slash', { task: { name: `${QUEUE}/tasks/a/b`, httpRequest: { url: 'http://127.0.0.1/' } } }],
  ['a time that is none', { task: { scheduleTime: 'soon', httpRequest: { url: 'http://127.0.0.1/' } } }],
  [
    'a time too far ahead',
    { task: { scheduleTime: '2099-01-01T00:00:00Z', httpRequest: { url: 'http://127.0.0.1/' } } },
  ],
  ['a deadline that is too long', { task: { dispatchDeadline: '1801s', httpRequest: { url: 'http://127.0.0.1/' } } }],
  ['a deadline that is too short', { task: { dispatchDeadline: '14s', httpRequest: { url: 'http://127.0.0.1/' } } }],
  ['too much', { task: { httpRequest: { url: 'http://127.0.0.1/', body: 'A'.repeat(1_100_000) } } }],
])('a task with %s is refused', async (_, body) => {
  const server = await start()
  const answer = await call(server, 'POST', `${QUEUE}/tasks`, body)
  expect(answer).toMatchObject({ status: 400, json: { error: { code: 400, status: 'INVALID_ARGUMENT' } } })
})

test('it says that it is ready, knows its queues, and nothing else', async () => {
  const server = await start()
  expect((await fetch(server.url)).status).toBe(200)
  expect(await call(server, 'GET', QUEUE)).toEqual({ status: 200, json: { name: QUEUE, state: 'RUNNING' } })
  expect((await call(server, 'GET', 'projects/p')).status).toBe(404)
  expect((await call(server, 'PATCH', `${QUEUE}/tasks/x`)).status).toBe(404)
})
