import { Timestamp } from '@google-cloud/firestore'
import { createGeneration, type Generation } from '#shared/documents/generations.ts'
import { keepStorage, readUsage, reserveQuota, settleStorage } from '#shared/documents/quotas.ts'
import { recordRun } from '#shared/documents/replicate-runs.ts'
import { saveTrainedModel, type TrainedModel } from '#shared/documents/trained-models.ts'
import { type Training, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import { trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { mailId } from '#shared/trainings/training-mail.ts'
import { generationPrefix, samplesId, weightsName } from '#shared/trainings/training-places.ts'
import {
  type PurgeDeps,
  planTrainingPurge,
  planUserPurge,
  purgeTraining,
  purgeUser,
} from '../../../../../services/api/operations/operations.ts'
import { photos } from '../training/photo-archives.ts'
import { type StartWorld, startStartWorld, userId, workBucket } from '../training/start-world.ts'

const [appBucket, modelsBucket] = ['app-bucket', 'models-bucket']
let world: StartWorld
let deps: PurgeDeps
const { warn } = console

beforeAll(() => {
  console.warn = () => {}
})

beforeEach(async () => {
  world = await startStartWorld()
  await world.createBucket(appBucket)
  await world.createBucket(modelsBucket)
  const { db, store } = world
  const { finishJobs } = world.deps
  deps = { db, store, finishJobs, bucket: appBucket, workBucket, modelsBucket, mailCollection: 'mail' }
})

afterEach(() => world.close())

afterAll(() => {
  console.warn = warn
})

const put = (bucket: string, name: string) =>
  world.store.write({ bucket, name, bytes: Buffer.from('bytes'), contentType: 'image/png', ifGeneration: '0' })

/** A training that came to its end, with everything that is there of one then. */
async function trained(): Promise<Training> {
  const training = await world.train(await world.upload(await photos(4)))
  const { id } = training
  await put(modelsBucket, weightsName({ userId, id }))
  await put(appBucket, `${generationPrefix({ userId, id: samplesId(id) })}0.png`)
  await put(appBucket, `${generationPrefix({ userId, id: `${id}-later` })}0.png`)
  const at = Timestamp.now()
  await runTransaction(world.db, async (transaction) => {
    const run = { id: `run-${id}`, status: 'succeeded', output: null, error: null, predictSeconds: 1 } as const
    const told = await recordRun(transaction, world.db, {
      run,
      owner: { kind: 'training', jobId: id },
      now: new Date(),
    })
    told.writes(transaction)
    updateTraining(world.db, id, { status: 'succeeded', finishedAt: at })(transaction)
    saveTrainedModel(world.db, modelOf(id, at))(transaction)
    for (const generationId of [samplesId(id), `${id}-later`]) {
      createGeneration(world.db, generationOf(generationId, id, at))(transaction)
    }
    settleStorage(world.db, { userId, released: [], addedBytes: 700 + 2 * 40 })(transaction)
    transaction.set(world.db.doc(`mail/${mailId(id)}`), { to: 'ana@example.com' })
  })
  return training
}

function modelOf(id: string, createdAt: Timestamp): TrainedModel {
  return {
    ...{ id, userId, trainingId: id, name: 'Ana', type: 'woman', triggerWord: 'ohwx', baseModel: 'FLUX.1' },
    ...{ replicate_model_id: 'o/n', replicate_version_id: 'a'.repeat(64), gcsUri: 'gs://m/w', sha256: 'b'.repeat(64) },
    ...{ sizeBytes: 700, createdAt },
  }
}

function generationOf(id: string, modelId: string, at: Timestamp): Generation {
  const place = { bucket: appBucket, name: `generations/${userId}/${id}/0.png`, generation: '1' }
  const image = { ...place, index: 0, prompt: 'a', url: 'https://x', contentType: 'image/png', sizeBytes: 40 }
  return {
    ...{
      id,
      userId,
      modelId,
      trainingId: null,
      version: 'o/n:v',
      prompts: ['a'],
      status: 'succeeded',
      images: [image],
    },
    ...{ error: null, jobId: 'j', createdAt: at, updatedAt: at, finishedAt: at },
  }
}

async function everything(): Promise<string[]> {
  const found: string[] = []
  for (const bucket of [appBucket, modelsBucket, workBucket]) {
    for await (const { name } of world.store.list(bucket, '')) found.push(`${bucket}/${name}`)
  }
  for (const collection of ['trainings', 'models', 'generations', 'jobs', 'mail', 'replicate_runs', 'usage']) {
    for (const { ref } of (await world.db.collection(collection).get()).docs) found.push(ref.path)
  }
  return found
}

test('a purged training leaves nothing, and what it took is given back; other trainings stay', async () => {
  const kept = await trained()
  const before = await everything()
  const training = await trained()
  const plan = await planTrainingPurge(deps, training.id)

  expect([plan.userId, plan.isLive, plan.storedBytes]).toEqual([userId, false, 780])
  const pictures = { kind: 'generation', subject: `generations/${samplesId(training.id)}`, state: 'running' }
  const lease = { owner: 'somebody', expiresAt: Timestamp.fromMillis(Date.now() + 60_000) }
  await jobRef(world.db, 'pictures').set({ ...(await world.job(training.id)), ...pictures, lease })
  await expect(purgeTraining(deps, plan)).rejects.toThrow(/^A job works on this training now \(until [^)]+\); purge/)
  await jobRef(world.db, 'pictures').update({ lease: null })
  await purgeTraining(deps, plan)
  await purgeTraining(deps, plan)
  expect(await everything()).toEqual(before)
  expect((await world.usage()).storage.usedBytes).toBe(780)
  expect((await world.training(kept.id)).status).toBe('succeeded')
})

test('a training that runs at Replicate is ended first, its run too', async () => {
  const training = await world.train(await world.upload(await photos(4)))
  const plan = await planTrainingPurge(deps, training.id)
  await purgeTraining(deps, plan)
  const runCancels = await world.jobsOf('run-cancel')

  expect(plan.isLive).toBe(true)
  expect(runCancels.map(({ input }) => input)).toEqual([{ runId: training.replicateTrainingId, kind: 'training' }])
  expect((await everything()).filter((path) => path.includes(training.id))).toEqual([])
  expect((await world.usage()).quotas.trainings[training.id]?.state).toBe('committed')
})

test('a training that a job works on is told to end, and purged once it has', async () => {
  const id = await world.ask(await world.upload(await photos(4)))
  const lease = { owner: 'somebody', expiresAt: Timestamp.fromMillis(Date.now() + 60_000) }
  await jobRef(world.db, jobId(trainingStartNames.key({ trainingId: id }))).update({ lease, state: 'running' })
  const plan = await planTrainingPurge(deps, id)

  const message = expect.stringContaining('was told to end it')
  await expect(purgeTraining(deps, plan)).rejects.toMatchObject({ code: 'purge.under-way', message })
  expect((await world.training(id)).cancelRequestedAt).not.toBeNull()
  expect(plan.uploads).toHaveLength(4)
  await world.expireLease(id)
  await purgeTraining(deps, await planTrainingPurge(deps, id))
  expect(await everything()).toEqual([`usage/${userId}`])
})

test('a training that goes on while somebody is asked about it leaves nothing either', async () => {
  const id = await world.ask(await world.upload(await photos(4)))
  const [plan, planOfUser] = [await planTrainingPurge(deps, id), await planUserPurge(deps, userId)]
  await world.finish(id)
  await put(modelsBucket, weightsName({ userId, id }))
  await purgeTraining(deps, plan)

  const [runCancel] = (await world.db.collection('jobs').where('kind', '==', 'run-cancel').get()).docs
  expect(await everything()).toEqual([runCancel?.ref.path, `usage/${userId}`])
  await trained()
  await purgeUser(deps, planOfUser)
  expect(await everything()).toEqual([runCancel?.ref.path])
})

test('what was not counted yet is not given back: a model that waits for its samples, pictures on their way', async () => {
  const { id } = await world.train(await world.upload(await photos(4)))
  const at = Timestamp.now()
  await runTransaction(world.db, async (transaction) => {
    const usage = await readUsage(transaction, world.db, userId)
    const wish = { quota: 'generations', key: `${id}-running`, amount: 4, now: at.toDate() } as const
    updateTraining(world.db, id, { status: 'completing', stage: 'completion' })(transaction)
    saveTrainedModel(world.db, modelOf(id, at))(transaction)
    const running = { ...generationOf(`${id}-running`, id, at), status: 'running', finishedAt: null } as const
    createGeneration(world.db, running)(transaction)
    reserveQuota(world.db, usage, wish)(transaction)
    settleStorage(world.db, { userId, released: [], addedBytes: 5_000 })(transaction)
  })
  const plan = await planTrainingPurge(deps, id)
  await purgeTraining(deps, plan)

  expect(plan.storedBytes).toBe(0)
  const { storage, quotas } = await world.usage()
  expect(storage.usedBytes).toBe(5_000)
  expect(quotas.generations[`${id}-running`]).toMatchObject({ state: 'committed', amount: 1 })
})

test('a start that died with its run created has the run ended and its uploads no longer counted', async () => {
  const id = await world.ask(await world.upload(await photos(4)))
  const at = Timestamp.now()
  const create = { result: { runId: 'run-1', atMs: 0 }, startedAt: at, finishedAt: at }
  await jobRef(world.db, jobId(trainingStartNames.key({ trainingId: id }))).update({ 'steps.create': create })
  const { enqueue } = deps.finishJobs
  deps.finishJobs.enqueue = async () => {
    deps.finishJobs.enqueue = enqueue
    throw new Error('The process dies here.')
  }
  await expect(purgeTraining(deps, await planTrainingPurge(deps, id))).rejects.toThrow('dies here')
  await purgeTraining(deps, await planTrainingPurge(deps, id))

  expect((await world.jobsOf('run-cancel')).map(({ input }) => input)).toEqual([{ runId: 'run-1', kind: 'training' }])
  expect((await world.usage()).storage.reserved).toEqual({})
  expect((await everything()).filter((path) => path.includes(id))).toEqual([])
})

test('a purge that dies among the documents leaves nothing that it does not find when it is repeated', async () => {
  const { id } = await trained()
  const subject = `generations/${samplesId(id)}`
  await jobRef(world.db, 'pictures').set({ ...(await world.job(id)), kind: 'generation', subject, state: 'done' })
  // The stop, the cache's ledger, the two generations, the model: it dies at the last of them.
  let left = 4
  const db = new Proxy(world.db, {
    get(target, name) {
      if (name === 'runTransaction' && left-- === 0)
        return async () => Promise.reject(new Error('The process dies here.'))
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  await expect(purgeTraining({ ...deps, db }, { trainingId: id })).rejects.toThrow()
  expect((await world.db.collection('generations').get()).size).toBe(0)
  await purgeUser(deps, { userId })
  expect(await everything()).toEqual([])
})

test('a purged user’s own model files stay, and count as long as they do', async () => {
  await trained()
  const keep = keepStorage(world.db, { userId, key: 'model-1', bytes: 70 })
  await runTransaction(world.db, async (transaction) => keep(transaction))
  await purgeUser(deps, await planUserPurge(deps, userId))
  expect(await everything()).toEqual([`usage/${userId}`])
  expect(await world.usage()).toMatchObject({
    quotas: { trainings: {}, generations: {} },
    storage: { usedBytes: 0, reserved: {}, kept: { 'model-1': 70 } },
  })
})

test('a purged user has nothing left, and whose name begins alike loses nothing', async () => {
  await trained()
  await trained()
  await world.upload(await photos(2))
  await put(workBucket, `training-uploads/${userId}/sub/a.jpg`)
  await put(appBucket, `generations/${userId}/sub/g/0.png`)
  await put(modelsBucket, weightsName({ userId, id: 'orphan' }))
  await world.db.doc('models/of-the-app').set({ userId, name: 'their own' })
  await purgeUser(deps, await planUserPurge(deps, userId))

  expect(await everything()).toEqual([
    `${appBucket}/generations/${userId}/sub/g/0.png`,
    `${workBucket}/training-uploads/${userId}/sub/a.jpg`,
    'models/of-the-app',
  ])
})
