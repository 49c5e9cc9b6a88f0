import { createTraining, readTraining, updateTraining } from '#shared/documents/trainings.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { silentLogger } from '#shared/logging/logger.ts'
import { readWebhookBody } from '#shared/replicate/webhook-body.ts'
import { createNoteProgress } from '../../../../services/replicate-webhook/deliveries/note-progress.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { newTraining } from '../../../support/trainings.ts'

const documents = useTestDocuments()

let nowMs = 1_000_000
const later = (ms: number) => {
  nowMs += ms
}

/** A training that waits for `run-{id}`, and what notes its progress. */
async function running(id: string) {
  const { db } = documents
  const training = newTraining(id, { status: 'training', replicateTrainingId: `run-${id}`, progress: null })
  await runTransaction(db, async (transaction) => createTraining(db, training)(transaction))
  const note = createNoteProgress({ db, logger: silentLogger, now: () => new Date(nowMs) })
  return {
    progress: async () => (await readTraining(null, db, id))?.progress,
    tell: async (steps: number, runId = `run-${id}`) => {
      const logs = `flux_train_replicate:  ${steps / 10}%|█| ${steps}/1000 [00:01<00:02]`
      const body = Buffer.from(JSON.stringify({ id: runId, status: 'processing', logs }))
      await note(readWebhookBody(body), id)
    },
  }
}

test('a training shows how far its log says that it is, forward only and not twice a second', async () => {
  const { tell, progress } = await running('forward')
  await tell(100)
  expect(await progress()).toBe(0.1)
  await tell(300)
  expect(await progress()).toBe(0.1)
  later(5_000)
  await tell(300)
  expect(await progress()).toBe(0.3)
  later(5_000)
  await tell(200)
  expect(await progress()).toBe(0.3)
})

test('another run, a training that is over and a log without a bar change nothing', async () => {
  const { tell, progress } = await running('strict')
  await tell(500, 'run-of-somebody')
  expect(await progress()).toBeNull()
  const { db } = documents
  await runTransaction(db, async (transaction) => updateTraining(db, 'strict', { status: 'completing' })(transaction))
  await tell(500)
  expect(await progress()).toBeNull()
})

test('documents that cannot be written cost no webhook', async () => {
  const broken = {
    ...documents.db,
    runTransaction: () => Promise.reject(new Error('down')),
  } as unknown as typeof documents.db
  const note = createNoteProgress({ db: broken, logger: silentLogger, now: () => new Date(nowMs) })
  const logs = 'flux_train_replicate:  50%|█| 500/1000 ['
  const body = Buffer.from(JSON.stringify({ id: 'r', status: 'processing', logs }))
  await expect(note(readWebhookBody(body), 'nobody')).resolves.toBeUndefined()
})
