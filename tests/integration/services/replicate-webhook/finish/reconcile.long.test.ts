import { Timestamp } from '@google-cloud/firestore'
import { trainingRef } from '#shared/documents/trainings.ts'
import { cancelJob } from '#shared/jobs/cancel.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import { trainingFinishNames } from '#shared/trainings/training-jobs.ts'
import { fullDocument } from '../../../../support/full-document.ts'
import { buckets, useFinishWorld } from './finish-world.ts'

const world = useFinishWorld()

const idOf = (trainingId: string) => jobId(trainingFinishNames.key({ trainingId }))
/** As it is when nobody has touched it for long. */
const leaveAlone = (trainingId: string) =>
  trainingRef(world.db, trainingId).update({ updatedAt: Timestamp.fromMillis(Date.now() - 3_600_000) })

test('a webhook and the task behind it that are both lost are made up for by the next look', async () => {
  const { id, runId } = await world.begin()
  await world.attempt(id)
  await world.standIn.finish(runId)
  expect(await world.reconcile()).toMatchObject({ wokenJobs: 0 })
  // Nobody has come within three minutes of the look before.
  world.advance(185_000)
  expect(await world.reconcile()).toMatchObject({ wokenJobs: 1 })
  await world.drain()
  await world.finish(id)
  expect((await world.training(id)).status).toBe('succeeded')
})

test('a training whose job was lost gets another', async () => {
  const { id, runId } = await world.begin()
  await jobRef(world.db, idOf(id)).delete()
  // One that has just begun is nobody's loss.
  expect(await world.reconcile()).toMatchObject({ startedTrainings: 0 })
  await leaveAlone(id)
  expect(await world.reconcile()).toMatchObject({ startedTrainings: 1, endedTrainings: 0 })
  expect(await world.job(id)).toMatchObject({ state: 'queued', input: { trainingId: id, userId: 'user-1', runId } })
  expect((await world.finish(id)).status).toBe('succeeded')
})

test('a training whose job was ended by an operator fails, and its run ends', async () => {
  const { id, runId } = await world.begin({ fault: { kind: 'never-ends' } })
  await cancelJob(world.db, idOf(id), { code: 'job.canceled', message: 'By hand.' })
  await leaveAlone(id)
  expect(await world.reconcile()).toMatchObject({ startedTrainings: 0, endedTrainings: 1 })
  await world.drain()
  expect(await world.training(id)).toMatchObject({ status: 'failed', error: { code: 'training.lost' } })
  expect(await world.standIn.read(`/trainings/${runId}`)).toMatchObject({ status: 'canceled' })
  expect((await world.usage()).quotas.trainings[id]).toBeUndefined()
  expect(await world.mails(id)).toHaveLength(1)
  expect(await world.objects(id)).toEqual([])
})

test('a training that comes to its end while the reconciler is on its way to it is left as it is', async () => {
  const both = [await world.begin(), await world.begin()]
  // In the order in which they are listed.
  const [lost, done] = both.sort((a, b) => (a.id < b.id ? -1 : 1)) as [(typeof both)[0], (typeof both)[0]]
  await jobRef(world.db, idOf(lost.id)).delete()
  for (const { id } of both) await leaveAlone(id)
  const { enqueue } = world.deps.jobs
  world.deps.jobs.enqueue = async (...asked) => {
    await enqueue(...asked)
    await world.finish(done.id)
  }
  expect(await world.reconcile()).toMatchObject({ startedTrainings: 1, endedTrainings: 0 })
  world.deps.jobs.enqueue = enqueue
  expect((await world.training(done.id)).status).toBe('succeeded')
  expect(await world.model(done.id)).toMatchObject({ trainingId: done.id })
  expect(await world.objects(done.id)).toHaveLength(1)
  await world.finish(lost.id)
})

test('a training that nobody can end keeps the reconciler from no other', async () => {
  const both = [
    await world.begin({ fault: { kind: 'never-ends' } }),
    await world.begin({ fault: { kind: 'never-ends' } }),
  ]
  const [full, other] = both.map(({ id }) => id).sort() as [string, string]
  for (const id of [full, other]) {
    await cancelJob(world.db, idOf(id), { code: 'job.canceled', message: 'By hand.' })
    await leaveAlone(id)
  }
  const ref = trainingRef(world.db, full)
  const { error, ...fields } = (await ref.get()).data() ?? {}
  await ref.set(fullDocument(ref, fields, 0))
  expect(await world.reconcile()).toMatchObject({ endedTrainings: 1 })
  expect((await world.training(other)).status).toBe('failed')
  expect((await world.training(full)).status).toBe('training')
  const said = world.log.entries.filter(({ severity, trainingId }) => severity === 'ERROR' && trainingId === full)
  expect(said).toHaveLength(1)
  await ref.delete()
  await world.drain()
})

test('parts that an instance left behind are removed, and those of a live job stay', async () => {
  const ended = await world.begin()
  await world.finish(ended.id)
  const unreadable = await world.begin()
  await world.finish(unreadable.id)
  await jobRef(world.db, idOf(unreadable.id)).update({ input: { of: 'another version' } })
  const live = await world.begin({ fault: { kind: 'never-ends' } })
  const write = (id: string) =>
    world.store.write({
      bucket: buckets.models,
      name: `work/${idOf(id)}/part-00000`,
      bytes: Buffer.from('part'),
      contentType: 'application/octet-stream',
      ifGeneration: '0',
    })
  for (const { id } of [ended, unreadable, live]) await write(id)
  world.advance(700_000)
  expect(await world.reconcile()).toMatchObject({ cleanedJobs: 2 })
  for (const { id } of [ended, unreadable]) {
    expect(await world.objects(id)).toEqual([`${buckets.models}/trained/user-1/${id}/lora.safetensors`])
  }
  expect(await world.objects(live.id)).toContain(`${buckets.models}/work/${idOf(live.id)}/part-00000`)
})
