import type { Firestore, Transaction } from '@google-cloud/firestore'
import { CallerError } from '#shared/errors/app-error.ts'
import { changeForUser, type Decision } from '../../../../../services/api/requests/user-change.ts'
import { UserQueue } from '../../../../../services/api/user-queue.ts'

/** Documents whose transactions fail as they are told, and then take what they are given. */
function documentsThatFail(codes: number[]): { db: Firestore; transactions: () => number } {
  let transactions = 0
  const runTransaction = async (work: (transaction: Transaction) => Promise<unknown>) => {
    transactions += 1
    const code = codes.shift()
    if (code !== undefined) throw Object.assign(new Error('refused'), { code })
    return await work({} as Transaction)
  }
  // Only this method of the client is used.
  return { db: { runTransaction } as unknown as Firestore, transactions: () => transactions }
}

const ABORTED = 10
const UNAVAILABLE = 14
const context = { queue: new UserQueue() }

test('a change that others get in the way of is made again, from what there is then', async () => {
  const { db, transactions } = documentsThatFail([ABORTED, ABORTED, ABORTED])
  const inside: boolean[] = []
  const written: string[] = []
  const outcome = await changeForUser(context, db, {
    userId: 'u',
    decide: async (transaction): Promise<Decision<string>> => {
      inside.push(transaction !== null)
      return { outcome: 'done', writes: () => written.push('once') }
    },
  })
  expect([outcome, transactions(), written]).toEqual(['done', 4, ['once']])
  // Each try looks first, without a lock.
  expect(inside).toEqual([false, false, false, false, true])
})

test('another fault of the documents is not waited out', async () => {
  const { db, transactions } = documentsThatFail([UNAVAILABLE])
  const change = { userId: 'u', decide: async () => ({ outcome: null, writes: () => {} }) }
  await expect(changeForUser(context, db, change)).rejects.toMatchObject({ code: 'documents.unavailable' })
  expect(transactions()).toBe(1)
})

test('what is refused, or done already, begins no transaction', async () => {
  const { db, transactions } = documentsThatFail([])
  const refusal = new CallerError({ status: 429, code: 'quota.trainings', message: 'No.' })
  const refused = changeForUser(context, db, {
    userId: 'u',
    decide: async () => {
      throw refusal
    },
  })
  await expect(refused).rejects.toBe(refusal)
  const done = await changeForUser(context, db, {
    userId: 'u',
    decide: async () => ({ outcome: 'there', writes: null }),
  })
  expect([done, transactions()]).toEqual(['there', 0])
})

test('what turns out to be done already inside writes nothing', async () => {
  const { db } = documentsThatFail([])
  const decide = async (transaction: Transaction | null): Promise<Decision<string>> =>
    transaction === null ? { outcome: 'mine', writes: () => {} } : { outcome: 'theirs', writes: null }
  expect(await changeForUser(context, db, { userId: 'u', decide })).toBe('theirs')
})
