import { createHash } from 'node:crypto'
import type { FileHost } from '#local/file-host/server.ts'
import { AppError } from '#shared/errors/app-error.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import type { BucketFault } from './bucket-faults.ts'
import { PART_BYTES, startTransferWorld } from './transfer-world.ts'

type Fault = Parameters<FileHost['inject']>[0]['fault']

/** More of them for a hunt. */
const SEEDS = Array.from({ length: Number(process.env.FAULT_SEEDS ?? 12) }, (_, index) => index + 1)
/** The job gives up after so many; the faults of a seed are fewer. */
const MAX_CLAIMS = 12
const BUCKET_FAULTS: readonly BucketFault[] = ['lost-answer', 'cut', 'damaged', 'unavailable', 'cut-read']

function randomFault(random: () => number, sizeBytes: number): Fault {
  const atByte = Math.floor(random() * sizeBytes)
  const faults: Fault[] = [
    { kind: 'reset', atByte },
    { kind: 'truncated', atByte },
    { kind: 'expire', atByte },
    { kind: 'stall', atByte },
    { kind: 'corrupt', containing: atByte },
    { kind: 'changed-etag' },
    { kind: 'changed-etag', newBytes: true },
    { kind: 'whole-for-range' },
    { kind: 'no-ranges' },
    { kind: 'html' },
    { kind: 'json' },
    { kind: 'refuse-lane' },
    { kind: 'wrong-content-range', how: 'shifted' },
    { kind: 'wrong-content-range', how: 'wrong-total' },
    { kind: 'wrong-content-range', how: 'missing' },
    { kind: 'no-content-length', atByte },
    ...[403, 404, 429, 500, 503].map((status) => ({ kind: 'status', status }) as const),
  ]
  return faults[Math.floor(random() * faults.length)] as Fault
}

test.each(SEEDS)('seed %i: the exact bytes published once, or a typed failure and nothing left', async (seed) => {
  const random = seededRandom(seed)
  const pick = (count: number): number => Math.floor(random() * count)
  const world = await startTransferWorld()
  try {
    const sizeBytes = 1 + pick(14 * PART_BYTES)
    const file = world.add({ content: { kind: 'random', sizeBytes, seed } })
    // The host works a file's hash out at the first look, and the content may be another by then.
    const { sha256 } = file
    const stated = { sizeBytes: random() < 0.7 ? sizeBytes : null, sha256: random() < 0.8 ? sha256 : null }
    if (random() < 0.2) world.host.shape({ ranges: false })
    if (random() < 0.2) world.host.shape({ bytesPerSecondPerConnection: 40 * PART_BYTES })
    if (random() < 0.2) world.host.shape({ maxConnections: 1 })
    const kinds = Array.from({ length: pick(6) }, () => randomFault(random, sizeBytes))
    for (const fault of kinds) world.host.inject({ fault, times: 1 })
    world.bucketFaults.push(...Array.from({ length: pick(3) }, () => BUCKET_FAULTS[pick(5)] as BucketFault))

    let end: unknown = null
    for (let claim = 0; claim < MAX_CLAIMS && end === null; claim++) {
      const stop = new AbortController()
      if (random() < 0.3) world.host.afterBytes(world.host.bytesSent + pick(sizeBytes), () => stop.abort('shutdown'))
      try {
        const verified = await world.copy(file, { stated, signal: stop.signal, options: { maxLanes: 4, stallMs: 100 } })
        await world.publish(verified)
        end = 'published'
      } catch (error) {
        if (error === 'shutdown') continue
        // Anything that is not typed is a bug.
        if (!(error instanceof AppError)) throw error
        if (!error.retryable) end = error
      }
    }

    world.bucketFaults.splice(0)
    await world.parts.removeAll()
    if (end === 'published') {
      expect(await world.names()).toEqual(['models/model.safetensors'])
      const bytes = await world.bytesOf('models/model.safetensors')
      const published = createHash('sha256').update(bytes).digest('hex')
      const mayBeOther = stated.sha256 === null && kinds.some(({ kind }) => /etag|corrupt/.test(kind))
      if (mayBeOther) expect(bytes.byteLength).toBe(sizeBytes)
      else expect(published).toBe(sha256)
    } else {
      expect(end).toMatchObject({ retryable: false, code: expect.stringMatching(/^transfer\./) })
      expect(await world.names()).toEqual([])
    }
  } finally {
    await world.close()
  }
})
