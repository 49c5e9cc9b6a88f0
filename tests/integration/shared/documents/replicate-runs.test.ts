import { findReplicateRun, readReplicateRun, recordRun } from '#shared/documents/replicate-runs.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { Run } from '#shared/replicate/run.ts'
import type { RunOwner } from '#shared/replicate/webhook-url.ts'
import { useTestDocuments } from '../../../support/documents.ts'

const documents = useTestDocuments()

const now = new Date('2026-01-31T12:00:00Z')
const owner: RunOwner = { kind: 'training', jobId: 't1' }

/** Records one delivery, and says whether it was news. */
async function deliver(
  id: string,
  status: Run['status'],
  more: { output?: unknown; owner?: RunOwner | null } = {},
): Promise<boolean> {
  const { db } = documents
  const run = { id, status, output: more.output ?? null, error: null, predictSeconds: null }
  return await runTransaction(db, async (transaction) => {
    const recorded = await recordRun(transaction, db, {
      run,
      owner: more.owner === undefined ? owner : more.owner,
      now,
    })
    recorded.writes(transaction)
    return recorded.news
  })
}

const statusOf = async (id: string) => (await readReplicateRun(null, documents.db, id))?.status

test('a run goes forward, and a duplicate is no news', async () => {
  expect(await deliver('forward', 'starting')).toBe(true)
  expect(await deliver('forward', 'starting')).toBe(false)
  expect(await deliver('forward', 'processing')).toBe(true)
  expect(await deliver('forward', 'succeeded', { output: { version: 'a/b:1', nested: [[1]] } })).toBe(true)
  expect(await deliver('forward', 'succeeded')).toBe(false)
  const run = await readReplicateRun(null, documents.db, 'forward')
  expect(JSON.parse(run?.outputJson ?? '')).toEqual({ version: 'a/b:1', nested: [[1]] })
})

test.each(['succeeded', 'failed', 'canceled', 'aborted'] as const)('nothing takes %s back', async (terminal) => {
  const id = `end-${terminal}`
  await deliver(id, terminal)
  for (const late of ['starting', 'processing', 'unknown', 'succeeded', 'failed'] as const) {
    expect(await deliver(id, late)).toBe(false)
  }
  expect(await statusOf(id)).toBe(terminal)
})

test('a status that nobody knows yet does not end a run', async () => {
  expect(await deliver('odd', 'unknown')).toBe(true)
  expect(await deliver('odd', 'succeeded')).toBe(true)
  expect(await statusOf('odd')).toBe('succeeded')
})

test('a run is found by whose it is, and stays theirs when a later delivery does not say so', async () => {
  await deliver('owned', 'starting', { owner: { kind: 'prediction', jobId: 'g1.0' } })
  await deliver('owned', 'succeeded', { owner: null })
  expect(await findReplicateRun(documents.db, { kind: 'prediction', jobId: 'g1.0' })).toMatchObject({
    id: 'owned',
    status: 'succeeded',
  })
  expect(await findReplicateRun(documents.db, { kind: 'training', jobId: 'g1.0' })).toBeNull()
})

test('an output beyond what a document holds is left out, and the status is kept', async () => {
  await deliver('large', 'succeeded', { output: 'x'.repeat(200_000) })
  expect(await readReplicateRun(null, documents.db, 'large')).toMatchObject({ status: 'succeeded', outputJson: null })
})
