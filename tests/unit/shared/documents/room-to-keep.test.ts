import { Timestamp } from '@google-cloud/firestore'
import { hasRoomToKeep, type Usage } from '#shared/documents/quotas.ts'

const noon = new Date('2026-01-31T12:00:00Z')
const hourLater = new Date(noon.getTime() + 3_600_000)
const expireAt = Timestamp.fromDate(hourLater)

/** 90 bytes are counted until the reservation expires, 30 after that. */
const usage: Usage = {
  userId: 'ann',
  quotas: { trainings: {}, generations: {} },
  failedRuns: { trainings: {}, generations: {} },
  storage: {
    usedBytes: 10,
    kept: { kept: 20 },
    reserved: { open: { bytes: 60, expireAt }, operators: { bytes: 0, expireAt, isExempt: true } },
  },
}

test.each<[title: string, isKept: boolean, file: { key: string; bytes: number; mostBytes?: number; now?: Date }]>([
  ['what there is room for', true, { key: 'new', bytes: 10 }],
  ['more than that', false, { key: 'new', bytes: 11 }],
  ['more, without a quota', true, { key: 'new', bytes: 11, mostBytes: 0 }],
  ['what fits since another reservation has expired', true, { key: 'new', bytes: 70, now: hourLater }],
  ['more than fits then', false, { key: 'new', bytes: 71, now: hourLater }],
  ['what was granted, though the quota is smaller now', true, { key: 'open', bytes: 60, mostBytes: 50 }],
  ['more than was granted', false, { key: 'open', bytes: 61, mostBytes: 50 }],
  ['what was granted once and has no room any more', false, { key: 'open', bytes: 71, now: hourLater }],
  ['what was granted once and still has room', true, { key: 'open', bytes: 70, now: hourLater }],
  ['what is kept already, for another model', true, { key: 'kept', bytes: 1000 }],
  ['an operator’s', true, { key: 'operators', bytes: 1000, now: hourLater }],
])('a finished upload is kept or not: %s', (_title, isKept, file) => {
  expect(hasRoomToKeep(usage, { mostBytes: 100, now: noon, ...file })).toBe(isKept)
})
