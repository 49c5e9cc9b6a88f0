import { type Fixture, startFixture, statusOf } from './bucket-server.ts'

let fixture: Fixture

beforeEach(async () => {
  fixture = await startFixture()
})

afterEach(async () => {
  await fixture.stop()
})

const told = () => fixture.changes.map(({ type, object }) => `${type} ${object.name}`)

test('a new object is finalized once, with its resource as events carry it', async () => {
  await fixture.bucket.file('raw-uploads/ä.png').save('bytes', { metadata: { contentType: 'image/png' } })

  const [metadata] = await fixture.bucket.file('raw-uploads/ä.png').getMetadata()
  expect(fixture.changes).toHaveLength(1)
  expect(fixture.changes[0]).toMatchObject({
    type: 'finalized',
    bucket: 'uploads',
    object: {
      kind: 'storage#object',
      name: 'raw-uploads/ä.png',
      contentType: 'image/png',
      generation: metadata.generation,
      metageneration: '1',
      size: '5',
    },
  })
})

test('an overwrite tells the end of the old generation and the begin of the new one', async () => {
  const file = fixture.bucket.file('a')
  await file.save('1', { resumable: false })
  await file.save('2', { resumable: false })

  const generations = fixture.changes.map(({ type, object }) => [type, object.generation])
  const [[, first], [, deleted], [, second]] = generations as [[string, string], [string, string], [string, string]]
  expect(generations.map(([type]) => type)).toEqual(['finalized', 'deleted', 'finalized'])
  expect(deleted).toBe(first)
  expect(Number(second)).toBeGreaterThan(Number(first))
})

test('copy, rewrite, compose and move finalize; delete and move delete; patch and access update metadata', async () => {
  const file = fixture.bucket.file('a')
  await file.save('1', { resumable: false })
  await file.copy('b')
  await fixture.bucket.combine(['a', 'b'], 'c')
  await fixture.bucket.file('c').moveFileAtomic('d')
  await file.setMetadata({ contentType: 'a/b' })
  await file.makePublic()
  await file.delete()

  expect(told()).toEqual([
    'finalized a',
    'finalized b',
    'finalized c',
    'finalized d',
    'deleted c',
    'metadataUpdated a',
    'metadataUpdated a',
    'deleted a',
  ])
})

test('what is refused tells nothing', async () => {
  await fixture.bucket.file('a').save('1', { resumable: false })
  const conditions = { preconditionOpts: { ifGenerationMatch: 0 } }

  await statusOf(fixture.bucket.file('a').save('2', { resumable: false, ...conditions }))
  await statusOf(fixture.bucket.file('missing').delete())

  expect(told()).toEqual(['finalized a'])
})

test('a listener that throws harms nobody', async () => {
  await fixture.stop()
  const failure = new Error('listener')
  fixture = await startFixture({
    onChange: () => {
      throw failure
    },
  })

  await fixture.bucket.file('a').save('1', { resumable: false })

  expect(await fixture.bucket.file('a').exists()).toEqual([true])
  expect(fixture.errors).toEqual([failure])
})

test('an object is on disk when its change is told: a restart at that moment has it', async () => {
  await fixture.stop()
  const seen: string[] = []
  fixture = await startFixture({ onChange: ({ object }) => seen.push(object.name) })
  const written = fixture.bucket.file('early').save('bytes', { resumable: false })
  while (!seen.includes('early')) await new Promise((resolve) => setImmediate(resolve))

  await Promise.allSettled([fixture.restart(), written])

  expect((await fixture.bucket.file('early').download())[0].toString()).toBe('bytes')
})
