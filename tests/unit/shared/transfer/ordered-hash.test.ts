import { createHash } from 'node:crypto'
import { OrderedHash } from '#shared/transfer/ordered-hash.ts'
import type { StoredPart } from '#shared/transfer/part-store.ts'

const BYTES = ['alpha', 'beta', 'gamma', 'delta'].map((text) => Buffer.from(text))
const WHOLE = Buffer.concat(BYTES)

function part(index: number, bytes = BYTES[index] ?? Buffer.alloc(0)): StoredPart {
  return { index, name: `part-${index}`, generation: '1', sizeBytes: bytes.byteLength, crc32c: bytes.toString('hex') }
}

function start(gitBlobBytes: number | null = null) {
  const reads: number[] = []
  const failures: unknown[] = []
  const broken = new Set<number>()
  const hash = new OrderedHash({
    async *read({ index, crc32c }) {
      reads.push(index)
      if (broken.has(index)) throw new Error(`part ${index}`)
      yield Buffer.from(crc32c, 'hex')
    },
    attempt: (work) => work(),
    onFailure: (error) => failures.push(error),
    gitBlobBytes,
  })
  const pass = (index: number): void => {
    const tap = hash.tap(index)
    tap?.update(BYTES[index] ?? Buffer.alloc(0))
    const { sizeBytes, crc32c } = part(index)
    tap?.end({ sizeBytes, crc32c })
  }
  return { hash, reads, failures, broken, pass }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

test('parts that pass in order are read from nowhere', () => {
  const { hash, reads, pass } = start()
  for (const index of [0, 1, 2, 3]) {
    pass(index)
    hash.stored(part(index))
  }
  expect(hash.digest().sha256).toBe(sha256(WHOLE))
  expect(reads).toEqual([])
})

test('parts that come out of order are read back in order', async () => {
  const { hash, reads } = start()
  for (const index of [3, 1, 2, 0]) hash.stored(part(index))
  await hash.reached(4)
  expect(hash.digest().sha256).toBe(sha256(WHOLE))
  expect(reads).toEqual([0, 1, 2, 3])
})

test('after what had to be read back, a part is tapped again', async () => {
  const { hash, reads, pass } = start()
  hash.stored(part(0))
  expect(hash.tap(1)).toBeNull()
  expect(hash.canReach(1)).toBe(true)
  expect(hash.canReach(2)).toBe(false)
  await hash.reached(1)
  pass(1)
  pass(2)
  hash.stored(part(2))
  hash.stored(part(1))
  hash.stored(part(3))
  await hash.reached(4)
  expect(hash.digest().sha256).toBe(sha256(WHOLE))
  expect(reads).toEqual([0, 3])
})

test('a part that broke off counts for nothing', async () => {
  const { hash, reads, pass } = start()
  const tap = hash.tap(0)
  tap?.update(Buffer.from('rubbish'))
  expect(hash.tap(0)).toBeNull()
  tap?.cancel()
  pass(0)
  for (const index of [0, 1, 2, 3]) hash.stored(part(index))
  await hash.reached(4)
  expect(hash.digest().sha256).toBe(sha256(WHOLE))
  expect(reads).toEqual([1, 2, 3])
})

test('a part that is stored with other bytes than passed makes everything be read again', async () => {
  const { hash, reads, pass } = start()
  pass(0)
  pass(1)
  const other = Buffer.from('other')
  hash.stored(part(0, other))
  for (const index of [1, 2, 3]) hash.stored(part(index))
  await hash.reached(4)
  expect(hash.digest().sha256).toBe(sha256(Buffer.concat([other, ...BYTES.slice(1)])))
  expect(reads).toEqual([0, 1, 2, 3])
})

test('what cannot be read back is told, and nobody waits for ever', async () => {
  const { hash, failures, broken } = start()
  broken.add(0)
  hash.stored(part(0))
  const waiting = hash.reached(1)
  await new Promise((resolve) => setImmediate(resolve))
  expect(failures).toHaveLength(1)
  hash.stop()
  await waiting
})

test('the hash of the git blob is made along', () => {
  const { hash, pass } = start(WHOLE.byteLength)
  for (const index of [0, 1, 2, 3]) pass(index)
  const expected = createHash('sha1').update(`blob ${WHOLE.byteLength}\0`).update(WHOLE).digest('hex')
  expect(hash.digest()).toEqual({ sha256: sha256(WHOLE), gitBlobSha1: expected })
})
