import { createApp } from '#shared/server/create-app.ts'
import { lazyJobs } from '#shared/server/lazy-jobs.ts'
import { captureLog } from '../../../support/captured-log.ts'
import { serveApp } from '../../../support/serve-app.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

test('what a job logs is found by the request that it works in, and what serves all requests by none', async () => {
  const { logger, entries } = captureLog()
  const open = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    logger.info('Opened.')
    return { resume: async () => ({ kind: 'done' }) as never, reconcile: async () => ({}), loadWork: async () => {} }
  }
  const loadJobs = lazyJobs({ afterFirstAnswer: () => undefined }, open)
  const app = createApp({
    logger,
    projectId: 'demo',
    routes: (routes) =>
      routes.post('/', async (_request, response) => {
        await loadJobs()
        logger.child({ jobId: 'j' }).info('Worked.')
        response.status(204).end()
      }),
  })
  const served = await serveApp(app)
  try {
    for (const id of ['r1', 'r2']) {
      const headers = { 'x-request-id': id, traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }
      await fetch(served.url, { method: 'POST', headers, body: 'a body, which is read as a stream' })
    }
  } finally {
    await served.close()
  }
  const worked = entries.filter(({ message }) => message === 'Worked.')
  expect(worked.map(({ requestId }) => requestId)).toEqual(['r1', 'r2'])
  expect(worked[0]).toMatchObject({ jobId: 'j', 'logging.googleapis.com/trace': `projects/demo/traces/${TRACE}` })
  expect(entries.find(({ message }) => message === 'Opened.')).not.toHaveProperty('requestId')
})
