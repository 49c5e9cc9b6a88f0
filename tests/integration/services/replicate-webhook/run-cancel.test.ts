import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import { createHttpClient } from '#shared/http/client.ts'
import type { JobRunner } from '#shared/jobs/runner.ts'
import { createReplicateClient } from '#shared/replicate/client.ts'
import { type RunCancelInput, runCancelNames } from '#shared/trainings/training-jobs.ts'
import { cancelRun } from '../../../../services/replicate-webhook/cancel/cancel-run.ts'
import { runCancelJob } from '../../../../services/replicate-webhook/cancel/unattended-jobs.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { testRunner } from '../../../support/job-runner.ts'
import { startTrainings, type TrainingStandIn } from '../../../support/training-stand-in.ts'

const documents = useTestDocuments()
let standIn: TrainingStandIn
let runner: JobRunner
const http = createHttpClient()
beforeAll(async () => {
  standIn = await startTrainings()
  const replicate = createReplicateClient({
    http,
    baseUrl: `${standIn.url}/v1`,
    apiToken: () => LOCAL_REPLICATE_TOKEN,
  })
  runner = testRunner(documents.db, runCancelJob({ work: (run) => cancelRun(replicate, run) }), {
    limits: { maxFailures: 5 },
  })
})
afterAll(async () => {
  http.close()
  await standIn.close()
})
afterEach(() => standIn.assertAllFired())

const cancel = (input: RunCancelInput) => runner.enqueue(runCancelNames, input)

test('a training that nobody waits for is canceled, once', async () => {
  const { id } = await standIn.train()
  const input = { runId: String(id), kind: 'training' } as const
  expect(await cancel(input)).toEqual({ kind: 'done' })
  expect(await standIn.read(`/trainings/${id}`)).toMatchObject({ status: 'canceled' })
  expect(await cancel(input)).toEqual({ kind: 'already-done' })
  expect(standIn.requests.filter(({ endpoint }) => endpoint === 'cancel-training')).toHaveLength(1)
})

test('a prediction too', async () => {
  const training = await standIn.finish((await standIn.train()).id)
  const { version } = training.output as { version: string }
  standIn.inject({ fault: { kind: 'never-ends' }, times: 1, endpoint: 'create' })
  const answer = await standIn.send('POST', '/predictions', { version, input: { prompt: 'x' } })
  const { id } = (await answer.json()) as { id: string }
  expect(await cancel({ runId: id, kind: 'prediction' })).toEqual({ kind: 'done' })
  expect((await standIn.read(`/predictions/${id}`)).status).toMatch(/canceled|aborted/)
})

test('one that has ended, or that Replicate does not have, is left as it is', async () => {
  const ended = await standIn.finish((await standIn.train()).id)
  expect(await cancel({ runId: String(ended.id), kind: 'training' })).toEqual({ kind: 'done' })
  expect(await standIn.read(`/trainings/${ended.id}`)).toMatchObject({ status: 'succeeded' })
  expect(await cancel({ runId: 'nobodys', kind: 'training' })).toEqual({ kind: 'done' })
})

test('one that cannot be told now is told again', async () => {
  const { id } = await standIn.train()
  standIn.inject({ fault: { kind: 'status', status: 503 }, times: 1, endpoint: 'cancel-training' })
  const input = { runId: String(id), kind: 'training' } as const
  expect(await cancel(input)).toMatchObject({ kind: 'try-again' })
  expect(await cancel(input)).toEqual({ kind: 'done' })
  expect(await standIn.read(`/trainings/${id}`)).toMatchObject({ status: 'canceled' })
})
