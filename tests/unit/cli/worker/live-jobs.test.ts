import { Timestamp } from '@google-cloud/firestore'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { newRecord } from '#shared/jobs/job-states.ts'
import { dueOf } from '../../../../cli/worker/live-jobs.ts'

const at = (seconds: number) => Timestamp.fromMillis(1_700_000_000_000 + seconds * 1000)
const seconds = (date: Date) => (date.getTime() - at(0).toMillis()) / 1000
const fresh = newRecord({ kind: 'sync', subject: 's', input: {}, key: 'k', now: at(0), deadlineMs: 1 })
const due = (change: Partial<JobRecord>) => {
  const { dueAt, isLeased } = dueOf({ ...fresh, ...change })
  return { dueIn: seconds(dueAt), isLeased }
}

test('a job that was asked for just now is due at once, whatever the reconciler waits', () => {
  expect(due({})).toEqual({ dueIn: 0, isLeased: false })
})

test('a leased one is due when its lease ends', () => {
  const lease = { owner: 'x', expiresAt: at(60) }
  expect(due({ state: 'running', lease, claims: 1 })).toEqual({ dueIn: 60, isLeased: true })
})

test('a waiting one when it says, also long before the reconciler would look', () => {
  const waiting = { state: 'waiting', retryAt: at(20), dueAt: at(920), claims: 1, updatedAt: at(10) } as const
  expect(due(waiting)).toEqual({ dueIn: 20, isLeased: false })
})

test('one that was not admitted yet when its admission is to be asked again', () => {
  expect(due({ updatedAt: at(5), dueAt: at(12) }).dueIn).toBe(12)
})

test('one that was put down in order at once', () => {
  expect(due({ claims: 1, updatedAt: at(10), dueAt: at(910) }).dueIn).toBe(0)
})

test.each([
  [1, 5],
  [2, 10],
  [4, 40],
  [20, 300],
])('one that failed %d times after %d s', (failures, backoff) => {
  expect(due({ claims: failures, failures, updatedAt: at(10) }).dueIn).toBe(10 + backoff)
})
