import { Timestamp } from '@google-cloud/firestore'
import { runTransaction } from '#shared/documents/transaction.ts'
import { countDailyUse, type DailyUse, usageRef } from '#shared/documents/usage.ts'
import { useTestDocuments } from '../../../support/documents.ts'

const documents = useTestDocuments()

const at = (time: string) => Timestamp.fromDate(new Date(time))

/** Counts one use in a transaction of its own, if there is room. */
async function use(userId: string, most: number, now = at('2026-01-31T12:00:00Z')): Promise<DailyUse> {
  const { db } = documents
  return await runTransaction(db, async (transaction) => {
    const decided = await countDailyUse(transaction, db, { userId, counter: 'images', most, now })
    if (decided.kind === 'within') decided.writes(transaction)
    return decided
  })
}

test('lets exactly so many through, one after the other', async () => {
  const kinds = []
  for (let times = 0; times < 4; times++) kinds.push((await use('ann', 3)).kind)
  expect(kinds).toEqual(['within', 'within', 'within', 'spent'])
  expect((await usageRef(documents.db, 'ann').get()).data()).toEqual({
    daily: { images: { day: '2026-01-31', count: 3 } },
  })
})

test('lets exactly so many through when twenty come at once', async () => {
  const uses = await Promise.all(Array.from({ length: 20 }, () => use('bob', 3)))
  expect(uses.filter((one) => one.kind === 'within')).toHaveLength(3)
})

test('a day ends at midnight UTC and not before, and the refusal says so', async () => {
  const lastMoment = at('2026-01-31T23:59:59.999Z')
  expect((await use('cy', 1, lastMoment)).kind).toBe('within')
  expect(await use('cy', 1, lastMoment)).toEqual({ kind: 'spent', nextDay: new Date('2026-02-01T00:00:00Z') })
  expect((await use('cy', 1, at('2026-02-01T00:00:00Z'))).kind).toBe('within')
  expect((await use('cy', 1, at('2026-02-01T00:00:01Z'))).kind).toBe('spent')
})

test('leaves alone what else is in the document', async () => {
  const ref = usageRef(documents.db, 'dee')
  await ref.set({ trainings: { reserved: 1 }, daily: { bytes: { day: '2026-01-31', count: 5 } } })
  await use('dee', 3)
  expect((await ref.get()).data()).toEqual({
    trainings: { reserved: 1 },
    daily: { bytes: { day: '2026-01-31', count: 5 }, images: { day: '2026-01-31', count: 1 } },
  })
})

test('a count that is damaged counts from zero instead of stopping the user for ever', async () => {
  await usageRef(documents.db, 'eve').set({ daily: { images: 'many' } })
  expect((await use('eve', 1)).kind).toBe('within')
  expect((await use('eve', 1)).kind).toBe('spent')
})

test.each(['', '.', '..', '__all__', 'ann/private/x', 'a'.repeat(2_000)])(
  'user id %j has a document of its own',
  async (userId) => {
    expect(usageRef(documents.db, userId).path).toMatch(/^usage\/sha256-[0-9a-f]{64}$/)
    expect((await use(userId, 1)).kind).toBe('within')
    expect((await use(userId, 1)).kind).toBe('spent')
  },
)
