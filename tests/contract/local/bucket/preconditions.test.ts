import { type Fixture, startFixture, statusOf } from './bucket-server.ts'

let fixture: Fixture

beforeAll(async () => {
  fixture = await startFixture()
})

afterEach(() => {
  expect(fixture.errors).toEqual([])
})

afterAll(() => fixture.stop())

async function write(name: string, content = name): Promise<number> {
  await fixture.bucket.file(name).save(content, { resumable: false })
  const [metadata] = await fixture.bucket.file(name).getMetadata()
  return Number(metadata.generation)
}

test.each([false, true])('create-once has one winner among twenty writers (resumable: %s)', async (resumable) => {
  const name = `once-${resumable}`
  const attempts = Array.from({ length: 20 }, (_, writer) =>
    fixture.bucket
      .file(name)
      .save(`writer ${writer}`, { resumable, preconditionOpts: { ifGenerationMatch: 0 } })
      .then(
        () => writer,
        (error: { code?: number; status?: number }) => {
          expect(Number(error.status ?? error.code)).toBe(412)
          return null
        },
      ),
  )

  const winners = (await Promise.all(attempts)).filter((writer) => writer !== null)

  expect(winners).toHaveLength(1)
  expect((await fixture.bucket.file(name).download())[0].toString()).toBe(`writer ${winners[0]}`)
})

test('of many read-modify-writes under ifGenerationMatch none is lost', async () => {
  const file = fixture.bucket.file('counter')
  await file.save('0', { resumable: false })
  const increment = async (): Promise<void> => {
    for (;;) {
      const [metadata] = await file.getMetadata()
      const generation = Number(metadata.generation)
      const [content] = await fixture.bucket
        .file('counter', { generation })
        .download({ validation: false })
        .catch(() => [null])
      if (content === null) continue
      const preconditionOpts = { ifGenerationMatch: generation }
      const isWritten = await fixture.bucket
        .file('counter')
        .save(String(Number(content.toString()) + 1), { resumable: false, preconditionOpts })
        .then(
          () => true,
          () => false,
        )
      if (isWritten) return
    }
  }

  await Promise.all(Array.from({ length: 10 }, increment))

  expect((await file.download())[0].toString()).toBe('10')
})

test('every write makes a newer generation', async () => {
  const generations: number[] = []
  for (let round = 0; round < 5; round++) generations.push(await write('again'))

  expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b))
})

test('an old generation is not found, by whatever verb', async () => {
  const old = await write('versions', 'first')
  const current = await write('versions', 'second')
  const file = fixture.bucket.file('versions', { generation: old })

  expect(await statusOf(file.getMetadata())).toBe(404)
  expect(await statusOf(file.download())).toBe(404)
  expect(await statusOf(file.delete())).toBe(404)
  expect(await statusOf(file.copy('copy-of-old'))).toBe(404)
  expect((await fixture.bucket.file('versions', { generation: current }).download())[0].toString()).toBe('second')
})

test('a failed condition says so as Google does', async () => {
  await write('conditioned')

  const response = await fetch(`${fixture.server.url}/storage/v1/b/uploads/o/conditioned?ifGenerationMatch=1`)

  expect(response.status).toBe(412)
  expect(await response.json()).toMatchObject({
    error: { code: 412, errors: [{ domain: 'global', reason: 'conditionNotMet', location: 'If-Match' }] },
  })
})

describe.each([
  ['get', 'GET', '', undefined],
  ['download', 'GET', 'alt=media', undefined],
  ['patch', 'PATCH', '', '{"contentType":"a/b"}'],
  ['update', 'PUT', '', '{"contentType":"a/b"}'],
  ['delete', 'DELETE', '', undefined],
  ['compose', 'POST', '', '{"sourceObjects":[{"name":"part"}]}'],
  ['rewrite', 'POST', '', '{}'],
  ['copy', 'POST', '', '{}'],
  ['move', 'POST', '', '{}'],
  ['upload', 'POST', 'uploadType=media', 'bytes'],
  ['resumable upload', 'POST', 'uploadType=resumable', '{}'],
] as const)('%s', (verb, method, query, body) => {
  const call = async (condition: string): Promise<number> => {
    const name = `subject-of-${verb.replace(' ', '-')}`
    const paths: Record<string, string> = {
      compose: `/b/uploads/o/${name}/compose`,
      rewrite: `/b/uploads/o/part/rewriteTo/b/uploads/o/${name}`,
      copy: `/b/uploads/o/part/copyTo/b/uploads/o/${name}`,
      move: `/b/uploads/o/part/moveTo/o/${name}`,
    }
    const isUpload = verb.endsWith('upload')
    const path = isUpload ? '/upload/storage/v1/b/uploads/o' : `/storage/v1${paths[verb] ?? `/b/uploads/o/${name}`}`
    const url = `${fixture.server.url}${path}?${isUpload ? `name=${name}&` : ''}${condition}&${query}`
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
    await response.arrayBuffer()
    return response.status
  }
  const isRead = method === 'GET'
  let generation: number

  beforeEach(async () => {
    await write('part')
    generation = await write(`subject-of-${verb.replace(' ', '-')}`)
  })

  test('is refused where the generation is another', async () => {
    expect(await call('ifGenerationMatch=7')).toBe(412)
    expect(await call(`ifGenerationNotMatch=${generation}`)).toBe(isRead ? 304 : 412)
  })

  test('is refused where the metageneration is another', async () => {
    expect(await call('ifMetagenerationMatch=7')).toBe(412)
    expect(await call('ifMetagenerationNotMatch=1')).toBe(isRead ? 304 : 412)
  })

  test('goes through where all conditions hold', async () => {
    const conditions = `ifGenerationMatch=${generation}&ifGenerationNotMatch=7&ifMetagenerationMatch=1`

    expect(await call(conditions)).toBeLessThan(300)
  })

  test('refuses a condition that is no number', async () => {
    expect(await call('ifGenerationMatch=latest')).toBe(400)
  })
})

const withSource = ['copyTo/b/uploads', 'rewriteTo/b/uploads', 'moveTo']

test.each(withSource)('%s checks the conditions on its source too', async (verb) => {
  const generation = await write('source')
  const call = async (query: string): Promise<number> => {
    const url = `${fixture.server.url}/b/uploads/o/source/${verb}/o/target?${query}`
    return (await fetch(url, { method: 'POST' })).status
  }

  expect(await call('ifSourceGenerationMatch=7')).toBe(412)
  expect(await call('ifSourceMetagenerationMatch=7')).toBe(412)
  // A move has no such parameter: it takes what is there.
  if (verb !== 'moveTo') expect(await call('sourceGeneration=7')).toBe(404)
  expect(await call(`ifSourceGenerationMatch=${generation}&sourceGeneration=${generation}`)).toBe(200)
})

test('If-None-Match with the current etag is 304', async () => {
  await write('tagged')
  const url = `${fixture.server.url}/b/uploads/o/tagged`
  const etag = (await fetch(url)).headers.get('etag')!

  expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304)
  expect((await fetch(url, { headers: { 'if-none-match': 'another' } })).status).toBe(200)
})

test('an upload that is refused leaves the object and its bytes as they were', async () => {
  await write('kept', 'the first')

  for (const resumable of [false, true]) {
    const refused = fixture.bucket
      .file('kept')
      .save('the second', { resumable, preconditionOpts: { ifGenerationMatch: 0 } })
    expect(await statusOf(refused)).toBe(412)
  }

  expect((await fixture.bucket.file('kept').download())[0].toString()).toBe('the first')
})
