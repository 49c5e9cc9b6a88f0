import { type ModelFile, toModelFile, writeModelFile } from '#shared/documents/model-files.ts'
import type { SyncProgress } from '#shared/documents/sync-progress.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { jobRef } from '#shared/jobs/job-record.ts'
import { copyJobNames } from '../../../../services/model-sync/copy-input.ts'
import { watchCopy } from '../../../../services/model-sync/copy-watch.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { fullDocument } from '../../../support/full-document.ts'
import { testJob, testRunner } from '../../../support/job-runner.ts'

const documents = useTestDocuments()

type Copy = Parameters<typeof copyJobNames.key>[0]

const progress: SyncProgress = {
  phase: 'copying',
  doneBytes: 1,
  sizeBytes: 2,
  bytesPerSecond: 1,
  etaSeconds: 1,
  lanes: 1,
}

/** Looks once at who waits for a copy that goes on; `waiting`: the jobs, in the order in which they came. */
async function look(fileId: string, waiting: readonly string[]) {
  const { db } = documents
  const input: Copy = { fileId, round: 1 }
  const waiters = waiting.map((jobId) => ({ jobId, modelId: jobId }))
  const row: ModelFile = { ...toModelFile(fileId, undefined), round: 1, waiters }
  await runTransaction(db, async (transaction) => writeModelFile(db, row)(transaction))
  const definition = testJob<Copy>({
    ...copyJobNames,
    async run(run) {
      const onEnd = () => {}
      // The runs of both kinds are alike; a look asks for no more of the input than its name.
      const watch = watchCopy({ db, run: run as never, progress: () => progress, everyMs: 3_600_000, onEnd })
      try {
        await watch.look()
      } finally {
        await watch.stop()
      }
      await run.complete('copied', async () => () => {})
    },
  })
  return await testRunner(db, definition).handle(definition, input)
}

test('all who wait are told how far a copy is', async () => {
  const { db } = documents
  for (const id of ['one', 'two']) await jobRef(db, id).set({ progress: null })
  expect(await look('told', ['one', 'two'])).toEqual({ kind: 'done' })
  for (const id of ['one', 'two']) expect((await jobRef(db, id).get()).get('progress')).toEqual(progress)
})

test.each(['full', 'gone'])('one of them whose record is %s ends the copy for nobody', async (how) => {
  const { db } = documents
  const ref = jobRef(db, `waiter-${how}`)
  if (how === 'full') await ref.set(fullDocument(ref, { progress: null }, 20))
  await jobRef(db, 'beside').set({ progress: null })
  expect(await look(how, [ref.id, 'beside'])).toEqual({ kind: 'done' })
})

test('a copy that nobody waits for any more is canceled', async () => {
  expect(await look('unwanted', [])).toEqual({ kind: 'canceled', code: 'copy.unwanted' })
})
