import { type Firestore, Timestamp } from '@google-cloud/firestore'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { type JobNames, recordJob } from '#shared/jobs/job-requests.ts'

const names: JobNames<{ id: string }> = {
  kind: 'test',
  key: ({ id }) => `test:${id}`,
  subject: ({ id }) => `tests/${id}`,
}
const hourMs = 3_600_000

/** A database whose clock is not this machine's, and which keeps one job. */
function booksAt(readTime: Timestamp) {
  const created: JobRecord[] = []
  const document = {
    get: async () => ({ exists: created.length > 0, readTime }),
    create: async (record: JobRecord) => void created.push(record),
  }
  const db = { collection: () => ({ doc: () => document }) } as unknown as Firestore
  return { db, created }
}

test.each([
  ['behind', -48 * hourMs],
  ['ahead', 48 * hourMs],
])('an instance whose clock is days %s puts a job into the books by Firestore’s time', async (_which, differenceMs) => {
  const now = Timestamp.fromMillis(Date.now() - differenceMs)
  const { db, created } = booksAt(now)
  await recordJob(db, { names, input: { id: 'a' }, deadlineMs: hourMs })
  await recordJob(db, { names, input: { id: 'a' }, deadlineMs: hourMs })
  expect(created).toHaveLength(1)
  expect(created[0]).toMatchObject({
    createdAt: now,
    updatedAt: now,
    deadlineAt: Timestamp.fromMillis(now.toMillis() + hourMs),
    dueAt: Timestamp.fromMillis(now.toMillis() + 2 * 60_000),
  })
})

test('where no task will come it is due at once, by the same time', async () => {
  const now = Timestamp.fromMillis(Date.now() - 48 * hourMs)
  const { db, created } = booksAt(now)
  await recordJob(db, { names, input: { id: 'b' }, deadlineMs: hourMs, isDueNow: true })
  expect(created[0]?.dueAt).toEqual(now)
})
