import { readLedger } from '#shared/cache/ledger.ts'
import { releaseRoom } from '#shared/cache/reserve-room.ts'
import { errorCode } from '#shared/errors/app-error.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { CopyRoom } from '../../../../../services/model-sync/cache/copy-room.ts'
import type { CopyInput } from '../../../../../services/model-sync/copy-input.ts'
import { type CacheWorld, cacheBucket, startCacheWorld } from '../../../../support/cache-world.ts'

const MiB = 1024 * 1024
const lengthless = { sizeBytes: null, partBytes: MiB }

let world: CacheWorld
beforeAll(async () => {
  world = await startCacheWorld()
})
beforeEach(() => world.reset())
afterAll(() => world.close())

/** The room of a copy of one file whose source says nothing of its length; `aheadMs`: how late it is. */
function openRoom(jobId: string, maxBytes: number, aheadMs = 0): CopyRoom {
  const locator = { source: 'url', url: 'https://example.com/model' } as const
  const file = { locator, path: 'model', sizeBytes: null, sha256: null, gitBlobSha1: null }
  const input: CopyInput = { fileId: 'f', round: 1, layout: 'file', target: 'models/m/1', files: [file] }
  const cache = { ...world.room(maxBytes), now: () => new Date(Date.now() + aheadMs) }
  // All that it asks its run for.
  const run = { id: jobId, input, stored: () => null } as unknown as JobRun<CopyInput>
  return new CopyRoom({ cache, waitMs: 60_000, lookMs: 1_000, minPartBytes: MiB }, run)
}

const reserved = async () => (await readLedger(world.db, cacheBucket))?.reserved

test('a file of unknown length takes room part by part, for its parts and itself, and is counted at its end as it is', async () => {
  const room = openRoom('job', 100 * MiB)
  await room.take()
  await room.learn(0, lengthless)
  expect(await reserved()).toEqual({})
  await room.grow(0, 0)
  expect(await reserved()).toEqual({ job: 2 * MiB })
  await room.grow(0, 2)
  expect(await reserved()).toEqual({ job: 6 * MiB })
  // Beyond 32 parts the groups that they are joined to lie there too.
  await room.grow(0, 32)
  expect(await reserved()).toEqual({ job: 99 * MiB })
  await room.learn(0, { sizeBytes: 32.5 * MiB, partBytes: MiB })
  expect(await reserved()).toEqual({ job: 99 * MiB })
})

test('where it finds no more room it waits, claim by claim, and fails by a code in the end', async () => {
  const other = openRoom('other', 10 * MiB)
  await other.learn(0, { sizeBytes: 3 * MiB, partBytes: MiB })
  const claim = async (aheadMs: number) => {
    const room = openRoom('job', 10 * MiB, aheadMs)
    await room.take()
    await room.learn(0, lengthless)
    await room.grow(0, 1)
    await room.grow(0, 2)
  }
  for (const aheadMs of [0, 30_000]) await expect(claim(aheadMs)).rejects.toBeInstanceOf(JobWaitsError)
  expect(await reserved()).toEqual({ other: 6 * MiB, job: 4 * MiB })
  expect(errorCode(await claim(61_000).catch((error: unknown) => error))).toBe('cache.full')
  expect(await releaseRoom(world, 'other')).toEqual(['job'])
  await claim(0)
  expect(await reserved()).toEqual({ job: 6 * MiB })
  expect(
    errorCode(
      await openRoom('job', 10 * MiB)
        .learn(0, { sizeBytes: 6 * MiB, partBytes: MiB })
        .catch((error: unknown) => error),
    ),
  ).toBe('cache.no-room')
})
