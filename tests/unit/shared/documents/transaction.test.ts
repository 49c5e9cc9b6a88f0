import type { Firestore } from '@google-cloud/firestore'
import { runTransaction } from '#shared/documents/transaction.ts'

/** A database whose transactions end so, in turn; the last way is that of all others. */
function databaseOf(...ends: (() => Promise<unknown>)[]) {
  const begun: unknown[] = []
  const runs = { runTransaction: async () => await ends[Math.min(begun.push(null), ends.length) - 1]?.() }
  return { db: runs as unknown as Firestore, begun }
}

const refused = (code: number, message: string) => async () => {
  throw Object.assign(new Error(`${code} NAME: ${message}`), { code })
}
const closed = refused(3, 'Transaction is invalid or closed.')

test('a transaction that was closed while it waited is begun anew', async () => {
  const { db, begun } = databaseOf(closed, closed, async () => 'written')
  expect(await runTransaction(db, async () => {})).toBe('written')
  expect(begun).toHaveLength(3)
})

test('one that is closed each time may be tried again later', async () => {
  const { db, begun } = databaseOf(closed)
  await expect(runTransaction(db, async () => {})).rejects.toMatchObject({
    code: 'documents.transaction-closed',
    retryable: true,
  })
  expect(begun).toHaveLength(4)
})

test('what can never be written is asked for once', async () => {
  const { db, begun } = databaseOf(refused(3, 'The document is larger than allowed.'))
  await expect(runTransaction(db, async () => {})).rejects.toMatchObject({ code: 'documents.invalid-argument' })
  expect(begun).toHaveLength(1)
})
