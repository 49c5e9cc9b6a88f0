import { createHash } from 'node:crypto'
import { PART_BYTES, startTransferWorld, type TransferWorld } from './transfer-world.ts'

let world: TransferWorld
beforeEach(async () => {
  world = await startTransferWorld()
})
afterEach(async () => {
  world.host.assertAllFired()
  await world.close()
})

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

test('copies a file in parts and publishes it as one object with its hash', async () => {
  const file = world.add({ content: { kind: 'random', sizeBytes: 10 * PART_BYTES + 123, seed: 1 } })

  const verified = await world.copy(file)
  const published = await world.publish(verified)

  expect(verified).toMatchObject({ sizeBytes: file.sizeBytes, sha256: file.sha256 })
  expect(verified.parts).toHaveLength(11)
  expect(published).toMatchObject({ sizeBytes: file.sizeBytes, metadata: { sha256: file.sha256 } })
  expect(sha256(await world.bytesOf('models/model.safetensors'))).toBe(file.sha256)
  await world.parts.removeAll()
  expect(await world.names()).toEqual(['models/model.safetensors'])
})
