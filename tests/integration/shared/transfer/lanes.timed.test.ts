import { mostLanes, PART_BYTES, useTransferWorld } from './transfer-world.ts'

const world = useTransferWorld()

// What each step of lanes brings is measured in time, and a busy machine gives all of them the same.
describe('lanes', () => {
  test('become eight where each connection is slow', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 48 * PART_BYTES, seed: 1 } })
    world().host.shape({ bytesPerSecondPerConnection: 12 * PART_BYTES })
    const startedAt = performance.now()

    const verified = await world().copy(file)

    // A busy machine may hide a step's gain once; it is tried again soon.
    const singleMs = (48 / 12) * 1000
    expect(verified.sha256).toBe(file.sha256)
    expect(mostLanes(world())).toBe(8)
    expect(performance.now() - startedAt).toBeLessThan(singleMs * 0.8)
  })

  test('become fewer again where the source slows everybody down', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 100 * PART_BYTES, seed: 1 } })
    world().host.shape({
      bytesPerSecondPerConnection: 30 * PART_BYTES,
      slowBeyond: { lanes: 2, bytesPerSecond: 4 * PART_BYTES },
    })

    const verified = await world().copy(file, { options: { lanes: { windowMs: 120, settleMs: 40, holdMs: 100 } } })

    // Not measured in time, which a busy machine gives as it likes: little came over the lanes that were too many.
    const crowded = world().host.requests.filter(({ lanes }) => lanes > 2)
    const crowdedBytes = crowded.reduce((sum, { bytesSent }) => sum + bytesSent, 0)
    expect(verified.sha256).toBe(file.sha256)
    expect(mostLanes(world())).toBe(4)
    expect(crowdedBytes).toBeLessThan(file.sizeBytes / 3)
  })
})
