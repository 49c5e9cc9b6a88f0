import { Timestamp } from '@google-cloud/firestore'
import type { CachedFile } from '#shared/cache/cached-file.ts'
import { planEviction } from '#shared/cache/plan-eviction.ts'

const now = new Date('2026-11-21T12:00:00Z')

/** Ten bytes, used so many minutes ago (null: never). */
function file(fileId: string, minutesAgo: number | null, more: Partial<CachedFile> = {}): CachedFile {
  const lastUsedAt = minutesAgo === null ? null : Timestamp.fromMillis(now.getTime() - minutesAgo * 60_000)
  return {
    fileId,
    uri: `gs://models/models/${fileId}.safetensors`,
    bytes: 10,
    sha256: fileId,
    generation: '1',
    lastUsedAt,
    isPinned: false,
    leasedUntil: null,
    isAwaited: false,
    modelIds: [],
    ...more,
  }
}

const leased = (minutes: number) => ({ leasedUntil: Timestamp.fromMillis(now.getTime() + minutes * 60_000) })

interface Case {
  title: string
  files: CachedFile[]
  maxBytes: number
  keepRecent?: number
  otherBytes?: number
  evict: string[]
  keep: Record<string, string>
}

const cases: Case[] = [
  { title: 'nothing goes from an empty cache', files: [], maxBytes: 0, evict: [], keep: {} },
  {
    title: 'nothing goes where everything fits, to the byte',
    files: [file('a', 2), file('b', 1)],
    maxBytes: 20,
    evict: [],
    keep: { a: 'fits', b: 'fits' },
  },
  {
    title: 'what was used least recently goes first, and no more than has to',
    files: [file('new', 1), file('old', 9), file('middle', 5)],
    maxBytes: 19,
    evict: ['old', 'middle'],
    keep: { new: 'fits' },
  },
  {
    title: 'one byte too many costs one file',
    files: [file('a', 2), file('b', 1)],
    maxBytes: 19,
    evict: ['a'],
    keep: { b: 'fits' },
  },
  {
    title: 'what was never used goes before what was',
    files: [file('used', 90), file('never', null)],
    maxBytes: 10,
    evict: ['never'],
    keep: { used: 'fits' },
  },
  {
    title: 'of two that were used at one moment the id decides, the same every time',
    files: [file('b', 5), file('a', 5)],
    maxBytes: 10,
    evict: ['a'],
    keep: { b: 'fits' },
  },
  {
    title: 'what is pinned, held or awaited stays, and younger files go in its place',
    files: [
      file('pinned', 9, { isPinned: true }),
      file('leased', 8, leased(1)),
      file('awaited', 7, { isAwaited: true }),
      file('young', 1),
    ],
    maxBytes: 30,
    evict: ['young'],
    keep: { pinned: 'pinned', leased: 'leased', awaited: 'in-use' },
  },
  {
    title: 'a lease that is over, or ends in this moment, holds nothing',
    files: [file('over', 9, leased(-1)), file('ends', 8, leased(0)), file('live', 7, leased(0.001))],
    maxBytes: 0,
    evict: ['over', 'ends'],
    keep: { live: 'leased' },
  },
  {
    title: 'so many that were used last stay, even if it does not fit then',
    files: [file('c', 1), file('b', 2), file('a', 3)],
    maxBytes: 0,
    keepRecent: 2,
    evict: ['a'],
    keep: { b: 'recent', c: 'recent' },
  },
  {
    title: 'more to keep than there are keeps all',
    files: [file('a', 3), file('b', 2)],
    maxBytes: 0,
    keepRecent: 5,
    evict: [],
    keep: { a: 'recent', b: 'recent' },
  },
  {
    title: 'a pinned file counts among the recent ones and is named as pinned',
    files: [file('a', 3), file('b', 2, { isPinned: true })],
    maxBytes: 0,
    keepRecent: 1,
    evict: ['a'],
    keep: { b: 'pinned' },
  },
  {
    title: 'trained weights and reservations take room that files have to give',
    files: [file('a', 2), file('b', 1)],
    maxBytes: 30,
    otherBytes: 15,
    evict: ['a'],
    keep: { b: 'fits' },
  },
  {
    title: 'one large file that was used long ago spares many small ones',
    files: [file('large', 9, { bytes: 100 }), file('b', 2), file('c', 1)],
    maxBytes: 20,
    evict: ['large'],
    keep: { b: 'fits', c: 'fits' },
  },
]

test.each(cases)('$title', ({ files, maxBytes, keepRecent = 0, otherBytes = 0, evict, keep }) => {
  const plan = planEviction(files, { maxBytes, keepRecent, otherBytes, now })
  expect(plan.evict.map(({ fileId }) => fileId)).toEqual(evict)
  expect(Object.fromEntries(plan.keep.map(({ file: kept, why }) => [kept.fileId, why]))).toEqual(keep)
  expect(plan.freedBytes).toBe(plan.evict.reduce((sum, { bytes }) => sum + bytes, 0))
})
