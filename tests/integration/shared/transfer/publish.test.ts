import { GenerationChangedError, type ObjectComposition } from '#shared/objects/object-store.ts'
import type { VerifiedParts } from '#shared/transfer/copy-file.ts'
import { publishParts } from '#shared/transfer/publish.ts'
import { failureOf, PART_BYTES, startTransferWorld, type TransferWorld } from './transfer-world.ts'

let world: TransferWorld
beforeEach(async () => {
  world = await startTransferWorld()
})
afterEach(async () => {
  await world.close()
})

async function copied(parts: number, seed = 1): Promise<VerifiedParts> {
  world.plan = null
  const file = world.add({ content: { kind: 'random', sizeBytes: parts * PART_BYTES - 7, seed } })
  return await world.copy(file, { options: { maxLanes: 1 } })
}

const published = async (): Promise<string[]> => (await world.names()).filter((name) => name.startsWith('models/'))

describe('a publication', () => {
  test('of more than 32 parts joins them in two levels', async () => {
    const verified = await copied(66)

    const facts = await world.publish(verified)

    expect(facts).toMatchObject({ sizeBytes: verified.sizeBytes, crc32c: verified.crc32c })
    const groups = (await world.names()).filter((name) => name.includes('/group-'))
    expect(groups).toEqual(['work/job/0/group-00', 'work/job/0/group-01', 'work/job/0/group-02'])
    await world.parts.removeAll()
    expect(await world.names()).toEqual(['models/model.safetensors'])
  })

  test('made twice is one, also when the parts are gone', async () => {
    const verified = await copied(3)
    const first = await world.publish(verified)
    await world.parts.removeAll()
    const second = await world.publish(verified)
    expect(second.generation).toBe(first.generation)
    expect(await published()).toEqual(['models/model.safetensors'])
  })

  test('made by two instances at once is one', async () => {
    const verified = await copied(33)
    const both = await Promise.all([world.publish(verified), world.publish(verified)])
    expect(both[0].generation).toBe(both[1].generation)
    expect(await published()).toEqual(['models/model.safetensors'])
  })

  test.each([1, 2, 3])('that dies after its compose number %i is finished by the next', async (deadly) => {
    const verified = await copied(33)
    const compose = world.objects.compose.bind(world.objects)
    let composes = 0
    world.objects.compose = async (composition) => {
      const facts = await compose(composition)
      if (++composes === deadly) throw new Error('killed')
      return facts
    }
    await expect(world.publish(verified)).rejects.toThrow('killed')
    world.objects.compose = compose

    const facts = await world.publish(verified)

    expect(facts.crc32c).toBe(verified.crc32c)
    expect(await published()).toEqual(['models/model.safetensors'])
  })

  test('under a name that others have gets a part of its hash before the extension', async () => {
    await world.publish(await copied(2, 1))
    await world.parts.removeAll()
    const verified = await copied(2, 2)

    const facts = await world.publish(verified)
    const again = await world.publish(verified)

    expect(facts.name).toBe(`models/model-${verified.sha256.slice(0, 8)}.safetensors`)
    expect(again.generation).toBe(facts.generation)
    expect(await published()).toHaveLength(2)
  })

  test('that must keep its name fails where others have it', async () => {
    await world.publish(await copied(2, 1))
    await world.parts.removeAll()
    const verified = await copied(2, 2)
    const { objects, parts } = world
    const params = { verified, objects, bucket: 'models', prefix: parts.prefix, name: 'models/model.safetensors' }
    const work = publishParts({ ...params, contentType: 'x/y', metadata: {}, mayBeRenamed: false })
    expect(await failureOf(work)).toMatchObject({ code: 'transfer.name-taken', retryable: false })
  })

  test('does not keep a group of another copy', async () => {
    const verified = await copied(33)
    const stale = { bucket: 'models', name: 'work/job/0/group-00' }
    await world.objects.write({ ...stale, bytes: Buffer.from('stale'), contentType: 'x/y', ifGeneration: '0' })
    expect(await failureOf(world.publish(verified))).toMatchObject({ code: 'transfer.compose-failed', retryable: true })
    expect((await world.publish(verified)).crc32c).toBe(verified.crc32c)
  })
})

describe('compose', () => {
  test('names generations and does not overwrite', async () => {
    const verified = await copied(2)
    const [first] = verified.parts
    const composition: ObjectComposition = {
      bucket: 'models',
      name: 'composed',
      sources: verified.parts,
      contentType: 'text/plain',
      ifGeneration: '0',
      metadata: { a: 'b' },
    }
    const facts = await world.objects.compose(composition)
    expect(facts).toMatchObject({ contentType: 'text/plain', metadata: { a: 'b' }, sizeBytes: verified.sizeBytes })
    await expect(world.objects.compose(composition)).rejects.toBeInstanceOf(GenerationChangedError)
    const gone = { ...composition, name: 'other', sources: [{ name: first?.name ?? '', generation: '1' }] }
    expect(await failureOf(world.objects.compose(gone))).toMatchObject({ retryable: true })
  })
})
