import type { BucketFault } from './bucket-faults.ts'
import { failureOf, PART_BYTES, startTransferWorld, type TransferWorld } from './transfer-world.ts'

let world: TransferWorld
beforeEach(async () => {
  world = await startTransferWorld()
})
afterEach(async () => {
  expect(world.bucketFaults).toEqual([])
  await world.close()
})

test.each<[what: string, faults: BucketFault[]]>([
  ['whose answers are lost', ['lost-answer', 'lost-answer']],
  ['that cuts uploads', ['cut', 'cut']],
  ['that gets other bytes than were sent', ['damaged']],
  ['that is away for a while', ['unavailable', 'unavailable']],
])('a bucket %s ends with every part once and right', async (_what, faults) => {
  const file = world.add({ content: { kind: 'random', sizeBytes: 5 * PART_BYTES + 1, seed: 1 } })
  world.bucketFaults.push(...faults)

  const verified = await world.copy(file)

  expect(verified.sha256).toBe(file.sha256)
  expect(await world.names()).toEqual(verified.parts.map(({ name }) => name))
})

test('a part whose answer was lost is adopted, not sent again', async () => {
  const file = world.add({ content: { kind: 'random', sizeBytes: 5 * PART_BYTES, seed: 1 } })
  world.bucketFaults.push('lost-answer', 'lost-answer')
  await world.copy(file, { options: { maxLanes: 1 } })
  expect(world.host.requests).toHaveLength(1)
})

test('a part that another instance stored in between is taken as it is', async () => {
  const file = world.add({ content: { kind: 'random', sizeBytes: 4 * PART_BYTES, seed: 1 } })
  const other = await world.copy(file)
  const list = world.parts.list.bind(world.parts)
  world.parts.list = async () => []

  const verified = await world.copy(file)

  world.parts.list = list
  expect(verified.parts).toEqual(other.parts)
  expect(verified.sha256).toBe(file.sha256)
})

test('a part of other bytes is removed and copied again', async () => {
  const file = world.add({ content: { kind: 'random', sizeBytes: 4 * PART_BYTES, seed: 1 } })
  const object = { bucket: 'models', name: 'work/job/0/part-00002' }
  const list = world.parts.list.bind(world.parts)
  world.parts.list = async () => {
    await world.objects.write({ ...object, bytes: Buffer.from('short'), contentType: 'x/y', ifGeneration: '0' })
    return []
  }
  const verified = await world.copy(file)
  world.parts.list = list
  expect(verified.sha256).toBe(file.sha256)
  expect(verified.parts[2]?.sizeBytes).toBe(PART_BYTES)
})

test('what is read back for the hash is read again when the bucket breaks off', async () => {
  const file = world.add({ content: { kind: 'random', sizeBytes: 4 * PART_BYTES, seed: 1 } })
  await world.copy(file)
  world.bucketFaults.push('cut-read', 'cut-read')
  expect((await world.copy(file)).sha256).toBe(file.sha256)
})

test('a bucket that stays away ends in a failure that may pass, and what was stored stays', async () => {
  const file = world.add({ content: { kind: 'random', sizeBytes: 8 * PART_BYTES, seed: 1 } })
  const write = world.streams.write.bind(world.streams)
  let writes = 0
  world.streams.write = async (upload) => {
    if (++writes > 3) world.bucketFaults.push('unavailable')
    return await write(upload)
  }
  const error = await failureOf(world.copy(file, { options: { maxLanes: 1 } }))
  expect(error).toMatchObject({ code: 'objects.unavailable', retryable: true })
  expect(await world.parts.list()).toHaveLength(3)
  world.streams.write = write
  expect((await world.copy(file)).sha256).toBe(file.sha256)
})
