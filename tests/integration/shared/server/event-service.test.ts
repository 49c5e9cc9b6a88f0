import type { Express } from 'express'
import { loadConfig } from '#shared/config/load.ts'
import type { CloudEvent } from '#shared/events/cloud-event.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { createApp } from '#shared/server/create-app.ts'
import { createEventService } from '#shared/server/event-service.ts'
import { internalRoutes } from '#shared/server/internal-routes.ts'
import { type RunningServer, startServer } from '#shared/server/start-server.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import { captureLog } from '../../../support/captured-log.ts'

const laptop = { GOOGLE_CLOUD_PROJECT: 'demo-events', FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' }
const { logger } = captureLog()
const started: RunningServer[] = []

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop()
})

/** What was asked of the jobs, in order. */
function scriptedJobs(outcome: Outcome) {
  const asked: string[] = []
  const loaded = Promise.withResolvers<void>()
  const jobs = {
    async resume(jobId: string) {
      asked.push(`resume ${jobId}`)
      return outcome
    },
    async reconcile() {
      asked.push('reconcile')
      return { wokenJobs: 3 }
    },
    async loadWork() {
      asked.push('loadWork')
      loaded.resolve()
    },
    async handle(event: CloudEvent) {
      asked.push(`handle ${event.id}`)
      return outcome
    },
  }
  const openJobs = async () => {
    asked.push('open')
    return jobs
  }
  return { asked, loaded: loaded.promise, openJobs }
}

type Load = (context: ServiceContext<'model-sync'>) => Express

async function start(load: Load, env: Record<string, string> = laptop): Promise<string> {
  const config = loadConfig('model-sync', env)
  const server = await startServer({
    port: 0,
    host: '127.0.0.1',
    logger,
    shutdownMs: 1000,
    load: async (context) => load({ ...context, config, logger }),
  })
  started.push(server)
  await server.ready
  return server.url
}

function eventService(jobs: ReturnType<typeof scriptedJobs>): Load {
  return (context) =>
    createEventService(context, {
      openJobs: jobs.openJobs,
      async handleEvent(event, loadJobs) {
        if (event.type === 'not.ours') return { kind: 'not-ours', reason: 'Another thing.' }
        return await (await loadJobs()).handle(event)
      },
    })
}

function post(url: string, type: string | null = null): Promise<Response> {
  const event = { 'ce-id': 'e1', 'ce-source': '//test', 'ce-specversion': '1.0', 'ce-type': type ?? '' }
  const headers = { 'content-type': 'application/json', ...(type === null ? {} : event) }
  return fetch(url, { method: 'POST', headers, body: '{}' })
}

test('an event that is not for the service is answered before its jobs are opened, which happens after the answer', async () => {
  const jobs = scriptedJobs({ kind: 'done' })
  const url = await start(eventService(jobs))
  expect((await post(`${url}/any/path`, 'not.ours')).status).toBe(204)
  await jobs.loaded
  expect(jobs.asked).toEqual(['open', 'loadWork'])
})

test('events on any path, tasks and the reconciler share one opening of the jobs', async () => {
  const jobs = scriptedJobs({ kind: 'done' })
  const url = await start(eventService(jobs))
  expect((await post(`${url}/`, 'ours')).status).toBe(204)
  expect((await post(`${url}/internal/jobs/abc`)).status).toBe(204)
  const reconciled = await post(`${url}/internal/reconcile`)
  expect([reconciled.status, await reconciled.json()]).toEqual([200, { wokenJobs: 3 }])
  await jobs.loaded
  const asked = jobs.asked.filter((one) => one !== 'loadWork')
  expect(asked).toEqual(['open', 'handle e1', 'resume abc', 'reconcile'])
})

test.each<[outcome: Outcome, code: string, seconds: string]>([
  [{ kind: 'held', retryAfterMs: 1_500 }, 'job.held', '2'],
  [{ kind: 'try-again', code: 'documents.contention', retryAfterMs: 5_000 }, 'documents.contention', '5'],
])('asks for a task and for an event again where the outcome is %j', async (outcome, code, seconds) => {
  const url = await start(eventService(scriptedJobs(outcome)))
  for (const answer of [await post(`${url}/internal/jobs/abc`), await post(`${url}/`, 'ours')]) {
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, seconds])
    expect(await answer.json()).toMatchObject({ error: { code } })
  }
})

test('below /internal there is nothing else: no event is read there', async () => {
  const jobs = scriptedJobs({ kind: 'done' })
  const url = await start(eventService(jobs))
  const answer = await post(`${url}/internal/other`, 'ours')
  expect([answer.status, await answer.json()]).toEqual([
    404,
    { error: expect.objectContaining({ code: 'request.not-found' }) },
  ])
  await jobs.loaded
  expect(jobs.asked).toEqual(['open', 'loadWork'])
})

test('nobody gets to a job without being known; the routes of the service beside them are open', async () => {
  const jobs = scriptedJobs({ kind: 'done' })
  const url = await start(
    ({ config }) =>
      createApp({
        logger,
        projectId: config.GOOGLE_CLOUD_PROJECT,
        routes(app) {
          internalRoutes(app, { config, loadJobs: jobs.openJobs })
          app.post('/hello', (_request, response) => void response.status(200).end())
        },
      }),
    { ...laptop, INTERNAL_INVOKERS: 'tasks@demo.iam.gserviceaccount.com', INTERNAL_AUDIENCES: 'https://us.example' },
  )
  expect((await post(`${url}/internal/jobs/abc`)).status).toBe(401)
  expect((await post(`${url}/internal/reconcile`)).status).toBe(401)
  expect((await post(`${url}/hello`)).status).toBe(200)
  expect(jobs.asked).toEqual([])
})
