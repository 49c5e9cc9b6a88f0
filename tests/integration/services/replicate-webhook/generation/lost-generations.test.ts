import { Timestamp } from '@google-cloud/firestore'
import { createGeneration, type Generation, generationRef, readGeneration } from '#shared/documents/generations.ts'
import { readUsage, reserveQuota } from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { cancelJob } from '#shared/jobs/cancel.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import { generationNames } from '#shared/trainings/training-jobs.ts'
import { endLostGenerations } from '../../../../../services/replicate-webhook/generation/end-lost-generations.ts'
import { generationJob } from '../../../../../services/replicate-webhook/generation/generation-job.ts'
import { captureLog } from '../../../../support/captured-log.ts'
import { useTestDocuments } from '../../../../support/documents.ts'
import { fullDocument } from '../../../../support/full-document.ts'
import { newGeneration } from '../../../../support/trainings.ts'

const documents = useTestDocuments()
const log = captureLog()
const idOf = (generationId: string) => jobId(generationNames.key({ generationId }))

/** What one reconciler ends, an hour after everything that tests order. */
async function endLost(): Promise<number> {
  const { db } = documents
  const noObjects = { list: async function* () {} } as never // None is looked for: only of a canceled one they are removed.
  const jobs = { wake: async () => {} }
  return await endLostGenerations({
    db,
    generations: generationJob({ db, store: noObjects, bucket: 'b', jobs, work: async () => {} }),
    stuckAfterMs: 600_000,
    logger: log.logger,
    now: () => new Date(Date.now() + 3_600_000),
  })
}

/** A generation of two pictures at work, with its job and what is reserved for it. */
async function order(id: string, change: Partial<Generation> = {}): Promise<Generation> {
  const { db } = documents
  const generation = newGeneration(id, { status: 'running', ...change })
  const { userId } = generation
  await runTransaction(db, async (transaction) => {
    const usage = await readUsage(transaction, db, userId)
    const now = Timestamp.now()
    reserveQuota(db, usage, { quota: 'generations', key: id, amount: 2, now: now.toDate() })(transaction)
    createGeneration(db, generation)(transaction)
    const input = { generationId: id, userId }
    newJob(db, { names: generationNames, input, deadlineMs: 1e9, now, dueAt: now }).writes(transaction)
  })
  return generation
}

test('a generation whose job has ended without it fails, refunded; one whose job lives is left as it is', async () => {
  const { db } = documents
  const [canceled, gone, live] = [
    await order('canceled'),
    await order('gone', { status: 'queued' }),
    await order('live'),
  ]
  await cancelJob(db, idOf(canceled.id), { code: 'job.canceled', message: 'By hand.' })
  await jobRef(db, idOf(gone.id)).delete()
  expect(await endLost()).toBe(2)
  for (const { id } of [canceled, gone]) {
    expect(await readGeneration(null, db, id)).toMatchObject({ status: 'failed', error: { code: 'generation.lost' } })
  }
  expect((await readGeneration(null, db, live.id))?.status).toBe('running')
  expect(Object.keys((await readUsage(null, db, live.userId)).quotas.generations)).toEqual([live.id])
  expect(await endLost()).toBe(0)
})

test('one that nobody can end keeps the reconciler from no other', async () => {
  const { db } = documents
  const [full, other] = [await order('a-full'), await order('b-other')]
  for (const { id } of [full, other]) await jobRef(db, idOf(id)).delete()
  const ref = generationRef(db, full.id)
  await ref.set(fullDocument(ref, (await ref.get()).data() ?? {}, 0))
  expect(await endLost()).toBe(1)
  expect((await readGeneration(null, db, other.id))?.status).toBe('failed')
  expect(log.entries).toMatchObject([{ severity: 'ERROR', generationId: full.id }])
})
