import { cancelJob } from '#shared/jobs/cancel.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import { trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { reconcile } from '../../../../../services/api/training/reconcile.ts'
import { photos } from './photo-archives.ts'
import { type StartWorld, startStartWorld, userId, workBucket } from './start-world.ts'

const HOUR_MS = 3_600_000
let world: StartWorld
const { warn } = console

beforeAll(async () => {
  console.warn = () => {}
})

beforeEach(async () => {
  world = await startStartWorld()
})

afterEach(() => world.close())

afterAll(() => {
  console.warn = warn
})

const idOf = (trainingId: string) => jobId(trainingStartNames.key({ trainingId }))

/** What the reconciler does `laterMs` from now, and the jobs that it woke. */
async function reconcileAfter(laterMs: number) {
  const woken: string[] = []
  const wake = async ({ id }: { id: string }) => void woken.push(id)
  const report = await reconcile({
    ...world.deps,
    jobs: { wake, enqueue: async () => {} },
    stuckAfterMs: 600_000,
    logger: world.log.logger,
    now: () => new Date(Date.now() + laterMs),
  })
  return { report, woken }
}

const put = (name: string) =>
  world.store.write({ bucket: workBucket, name, bytes: Buffer.from('x'), contentType: 'image/jpeg', ifGeneration: '0' })

test('a start whose task was lost is woken, and a training that has a job is left to it', async () => {
  const id = await world.ask(await world.upload(await photos(4)))
  const { report, woken } = await reconcileAfter(HOUR_MS)

  expect(woken).toEqual([idOf(id)])
  expect([report.endedTrainings, (await world.training(id)).status]).toEqual([0, 'queued'])
})

test('trainings that nobody works on any more are ended, as their jobs were, and refunded', async () => {
  const source = await world.upload(await photos(4))
  const [interrupted, withdrawn] = [await world.ask(source), await world.ask(source)]
  await jobRef(world.db, idOf(interrupted)).delete()
  await cancelJob(world.db, idOf(withdrawn), { code: 'operator', message: 'Canceled by an operator.' })
  const early = await reconcileAfter(0)
  const late = await reconcileAfter(HOUR_MS)
  const again = await reconcileAfter(HOUR_MS)

  expect([early, late, again].map(({ report }) => report.endedTrainings)).toEqual([0, 2, 0])
  expect(await world.training(interrupted)).toMatchObject({ status: 'failed', error: { code: 'training.interrupted' } })
  expect((await world.training(withdrawn)).status).toBe('canceled')
  expect((await world.usage()).quotas.trainings).toEqual({})
  expect(await world.mails()).toHaveLength(1)
})

test('uploads of yesterday, archives of trainings that are over and leftovers go; what is in use stays', async () => {
  const running = await world.train(await world.upload(await photos(4)))
  const over = await world.train(await world.upload(await photos(3)))
  await put(`training-zips/${userId}/${over.id}.zip`)
  await put(`training-zips/${userId}/unheardof.zip`)
  await put(`work/${idOf(over.id)}/archive.zip`)
  await put(`training-uploads/${userId}/forgotten.jpg`)
  const soon = await reconcileAfter(HOUR_MS)
  const nextDay = await reconcileAfter(25 * HOUR_MS)

  expect(soon.report).toMatchObject({ cleanedJobs: 1, removedZips: 1, removedUploads: 0 })
  expect(nextDay.report).toMatchObject({ cleanedJobs: 0, removedZips: 0, removedUploads: 1 })
  expect(await world.objects()).toEqual([`training-zips/${userId}/${running.id}.zip`])
})
