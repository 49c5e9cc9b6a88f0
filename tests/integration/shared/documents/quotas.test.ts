import {
  type QuotaLimit,
  type QuotaRoom,
  quotaWindowMs,
  readUsage,
  reserveQuota,
  reserveStorage,
  roomFor,
  settleQuota,
  settleStorage,
  storedBytes,
  usedOf,
} from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { usageRef } from '#shared/documents/usage.ts'
import { useTestDocuments } from '../../../support/documents.ts'

const documents = useTestDocuments()

const noon = new Date('2026-01-31T12:00:00Z')
const later = (ms: number) => new Date(noon.getTime() + ms)
const three: QuotaLimit = { most: 3, cooldownMs: 0 }

/** Begins something in a transaction of its own, if there is room. */
async function begin(
  userId: string,
  key: string,
  more: { now?: Date; limit?: QuotaLimit; amount?: number } = {},
): Promise<QuotaRoom> {
  const { db } = documents
  const { now = noon, limit = three, amount = 1 } = more
  return await runTransaction(db, async (transaction) => {
    const usage = await readUsage(transaction, db, userId)
    const room = roomFor(usage, { quota: 'trainings', key, amount, limit, now })
    if (room.kind === 'room') reserveQuota(db, usage, { quota: 'trainings', key, amount, now })(transaction)
    return room
  })
}

async function settle(
  userId: string,
  key: string,
  as: 'committed' | 'refunded',
  more: { failedRuns?: number } = {},
): Promise<void> {
  const { db } = documents
  await runTransaction(db, async (transaction) => {
    settleQuota(db, await readUsage(transaction, db, userId), { quota: 'trainings', key, as, ...more })(transaction)
  })
}

async function used(userId: string, now = noon): Promise<number> {
  return usedOf(await readUsage(null, documents.db, userId), 'trainings', now)
}

test('lets as many through as the quota says, and tells when the oldest leaves the window', async () => {
  for (const key of ['a', 'b', 'c']) expect((await begin('ann', key)).kind).toBe('room')
  expect(await begin('ann', 'd', { now: later(1000) })).toEqual({
    kind: 'none',
    reason: 'spent',
    retryAt: later(quotaWindowMs),
  })
  expect((await begin('ann', 'd', { now: later(quotaWindowMs) })).kind).toBe('room')
})

test('lets exactly so many through when twenty come at once', async () => {
  const rooms = await Promise.all(Array.from({ length: 20 }, (_, index) => begin('bob', `k${index}`)))
  expect(rooms.filter(({ kind }) => kind === 'room')).toHaveLength(3)
  expect(await used('bob')).toBe(3)
})

test('the same key counts once, however often it is reserved', async () => {
  for (let times = 0; times < 5; times++) expect((await begin('cy', 'same')).kind).toBe('room')
  expect(await used('cy')).toBe(1)
})

test('a refund makes room again, at once and only once; what is committed stays', async () => {
  for (const key of ['a', 'b', 'c']) await begin('dee', key)
  await settle('dee', 'a', 'committed')
  for (let times = 0; times < 3; times++) await settle('dee', 'b', 'refunded')
  expect(await used('dee')).toBe(2)
  expect((await begin('dee', 'd')).kind).toBe('room')
  expect((await begin('dee', 'e')).kind).toBe('none')
})

test('settling what nobody reserved changes nothing', async () => {
  await settle('eve', 'unknown', 'committed')
  await settle('eve', 'unknown', 'refunded')
  expect((await usageRef(documents.db, 'eve').get()).exists).toBe(false)
})

test('a cooldown is told with its end, and a refund ends it', async () => {
  const limit = { most: 0, cooldownMs: 60_000 }
  expect((await begin('fay', 'a', { limit })).kind).toBe('room')
  expect(await begin('fay', 'b', { limit, now: later(59_000) })).toEqual({
    kind: 'none',
    reason: 'cooldown',
    retryAt: later(60_000),
  })
  await settle('fay', 'a', 'refunded')
  expect((await begin('fay', 'b', { limit, now: later(59_000) })).kind).toBe('room')
})

test('runs that failed are refunded without drift, and bounded by themselves until the first leaves the window', async () => {
  const limit = { most: 3, cooldownMs: 60_000, mostFailed: 2 }
  for (const [index, key] of ['a', 'b'].entries()) {
    expect((await begin('kay', key, { limit, now: later(index * 1000) })).kind).toBe('room')
    for (let times = 0; times < 3; times++) await settle('kay', key, 'refunded', { failedRuns: 1 })
  }
  expect(await used('kay')).toBe(0)
  const retryAt = later(quotaWindowMs)
  expect(await begin('kay', 'c', { limit, now: later(5000) })).toEqual({ kind: 'none', reason: 'failed', retryAt })
  expect((await begin('kay', 'c', { limit, now: retryAt })).kind).toBe('room')
  await settle('kay', 'c', 'refunded')
  expect((await begin('kay', 'd', { limit: { ...limit, mostFailed: 0 } })).kind).toBe('room')
  // What has left the window is forgotten with the next reservation.
  expect(Object.keys((await readUsage(null, documents.db, 'kay')).failedRuns.trainings)).toEqual(['b'])
})

test('a wish larger than the quota itself is told that waiting does not help', async () => {
  expect(await begin('gus', 'a', { amount: 4 })).toEqual({ kind: 'none', reason: 'spent', retryAt: null })
})

test('what left the window is forgotten with the next reservation', async () => {
  await begin('hal', 'old')
  await begin('hal', 'new', { now: later(quotaWindowMs + 1) })
  const stored = (await usageRef(documents.db, 'hal').get()).get('quotas.trainings')
  expect(Object.keys(stored)).toEqual(['new'])
})

test('leaves alone what else is in the document, and survives what it does not understand', async () => {
  const ref = usageRef(documents.db, 'ian')
  await ref.set({ daily: { images: { day: '2026-01-31', count: 3 } }, quotas: { trainings: { odd: 'text' } } })
  expect((await begin('ian', 'a')).kind).toBe('room')
  expect(await used('ian')).toBe(1)
  expect((await ref.get()).get('daily')).toEqual({ images: { day: '2026-01-31', count: 3 } })
})

describe('storage', () => {
  async function reserve(userId: string, reservations: Record<string, number>, now = noon): Promise<void> {
    await runTransaction(documents.db, async (transaction) => {
      const usage = await readUsage(transaction, documents.db, userId)
      reserveStorage(documents.db, usage, { reservations, expireAt: later(3_600_000), now })(transaction)
    })
  }
  const stored = async (userId: string, now = noon) => storedBytes(await readUsage(null, documents.db, userId), now)

  test('counts what is reserved until it expires, and what is stored for good', async () => {
    await reserve('jan', { a: 100, b: 50 })
    expect(await stored('jan')).toBe(150)
    expect(await stored('jan', later(3_600_000))).toBe(0)
    await runTransaction(documents.db, async (transaction) => {
      settleStorage(documents.db, { userId: 'jan', released: ['a'], addedBytes: 80 })(transaction)
    })
    expect(await stored('jan')).toBe(130)
    expect(await stored('jan', later(3_600_000))).toBe(80)
  })

  test('expired reservations are forgotten with the next one', async () => {
    await reserve('kim', { a: 100 })
    await reserve('kim', { b: 10 }, later(3_600_000))
    expect(Object.keys((await usageRef(documents.db, 'kim').get()).get('storage.reserved'))).toEqual(['b'])
  })
})
