import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import type { CivitaiStandInOptions } from '#local/civitai/server.ts'
import { type Json, NOW, openStandIn, type Part, recorded, SIGNED_IN, type StandInWorld } from './stand-in.ts'

let world: StandInWorld
async function start(options: Partial<CivitaiStandInOptions> = {}): Promise<void> {
  world = await openStandIn(options)
}
afterEach(() => world.close())

describe('its objects', () => {
  test('have the fields of the recorded ones, null or not', async () => {
    await start()
    world.standIn.addModel({ id: 5, versions: [{ id: 50 }] })
    const [, model] = await world.answerOf('/api/v1/models/5')
    const [, version] = await world.answerOf('/api/v1/model-versions/50')
    const [model2, version2] = [recorded('model.1231067'), recorded('model-version.1387174')]
    expect(Object.keys(model)).toEqual(expect.arrayContaining(Object.keys(model2)))
    expect(Object.keys(version)).toEqual(expect.arrayContaining(Object.keys(version2)))
    const inModel = Object.keys(model.modelVersions[0]!)
    // Null fields are left out there, and the recorded one has a type of base model.
    const owed = Object.keys(model2.modelVersions[0]!).filter((name) => name !== 'baseModelType')
    expect(inModel).toEqual(expect.arrayContaining(owed))
    expect(Object.keys(version.files[0]!).sort()).toEqual(Object.keys(version2.files[0]!).sort())
    expect(model.modelVersions[0]!.files[0]!.metadata).toEqual({ format: 'SafeTensor' })
    expect(version.files[0]!.metadata).toEqual({ format: 'SafeTensor', size: null, fp: null })
  })

  test('tell of a file what the storage has: size in KiB, hashes in upper case, URLs with the host that was asked', async () => {
    await start()
    const { versions } = world.standIn.addModel({ id: 5, versions: [{ id: 50 }] })
    const { hosted } = versions[0]!.files[0]!
    const [, { files, downloadUrl }] = await world.answerOf('/api/v1/model-versions/50')
    const SHA256 = hosted!.sha256.toUpperCase()
    expect(files).toMatchObject([{ sizeKB: hosted!.sizeBytes / 1024, primary: true, downloadUrl }])
    expect(files[0]!.hashes).toEqual({ SHA256, AutoV2: SHA256.slice(0, 10) })
    expect(downloadUrl).toBe(`${world.standIn.url}/api/download/models/50`)
  })

  test('mark the weights as primary, SafeTensor first, or a training-data zip where there is nothing else', async () => {
    await start()
    const training = { id: 502, type: 'Training Data', format: 'Other' }
    world.standIn.addModel({
      id: 5,
      versions: [
        {
          id: 50,
          files: [{ id: 500, format: 'PickleTensor', size: 'pruned' }, { id: 501, size: 'full', fp: 'fp16' }, training],
        },
        { id: 51, files: [{ ...training, id: 510 }] },
        { id: 52, files: [{ id: 520, isPrimary: false }] },
        {
          id: 53,
          files: [
            { id: 530, type: 'VAE' },
            { id: 531, format: 'PickleTensor' },
          ],
        },
      ],
    })
    const [, { files }] = await world.answerOf('/api/v1/model-versions/50')
    const url = `${world.standIn.url}/api/download/models/50`
    expect(files.map((file: Json) => [file.id, file.primary, file.downloadUrl])).toEqual([
      [500, undefined, `${url}?type=Model&format=PickleTensor&size=pruned`],
      [501, true, url],
      [502, undefined, `${url}?type=Training%20Data`],
    ])
    expect((await world.answerOf('/api/v1/model-versions/51'))[1].files[0]).toMatchObject({ primary: true })
    expect((await world.answerOf('/api/v1/model-versions/52'))[1].files[0]).not.toHaveProperty('primary')
    expect((await world.answerOf('/api/v1/model-versions/53'))[1].files[1]).toMatchObject({ id: 531, primary: true })
  })

  test('of an archived model keep no files; of a taken-down one the mode is told', async () => {
    await start()
    world.standIn.addModel({ id: 5, mode: 'Archived', versions: [{ id: 50 }] })
    world.standIn.addModel({ id: 6, mode: 'TakenDown', versions: [{ id: 60 }] })
    const [, archived] = await world.answerOf('/api/v1/models/5')
    expect(archived).toMatchObject({ mode: 'Archived', modelVersions: [{ id: 50, files: [] }] })
    expect(archived.modelVersions[0]!).not.toHaveProperty('downloadUrl')
    expect((await world.answerOf('/api/v1/model-versions/60'))[1].model.mode).toBe('TakenDown')
  })

  test('can be the recorded ones, with the host that was asked', async () => {
    await start()
    const version = recorded('model-version.1387174')
    world.standIn.addRecorded(version)
    world.standIn.addRecorded(recorded('model.1231067'))
    const [, served] = await world.answerOf('/api/v1/model-versions/1387174')
    const downloadUrl = `${world.standIn.url}/api/download/models/1387174`
    expect(served).toEqual({ ...version, downloadUrl, files: [{ ...version.files[0], downloadUrl }] })
    expect((await world.answerOf('/api/v1/models/1231067'))[0]).toBe(200)
  })
})

describe('look-ups', () => {
  test.each<[path: string, status: number, body: Part]>([
    ['/api/v1/models/999', 404, { error: 'No model with id 999' }],
    ['/api/v1/models/2147483648', 400, { error: { name: 'ZodError' } }],
    ['/api/v1/models/abc', 400, { error: { name: 'ZodError' } }],
    ['/api/v1/model-versions/999', 404, { error: 'Model not found' }],
    ['/api/v1/model-versions/51', 404, { error: 'Missing model file' }],
    ['/api/v1/model-versions/52', 404, { error: 'Model not found' }],
    ['/api/v1/model-versions/by-hash/00', 404, { error: 'Model not found' }],
    ['/api/v1/me', 401, { error: 'Unauthorized' }],
  ])('%s is %i', async (path, status, body) => {
    await start()
    world.standIn.addModel({ id: 5, versions: [{ id: 50 }, { id: 51, files: [] }, { id: 52, status: 'Draft' }] })
    expect(await world.answerOf(path)).toMatchObject([status, body])
  })

  test('by any hash in any case, of several versions the one published first', async () => {
    await start()
    const files = [{ content: { kind: 'random', sizeBytes: 100, seed: 1 } as const }]
    const { versions } = world.standIn.addModel({ id: 5, versions: [{ id: 50, files }, { id: 51, files }, { id: 52 }] })
    const { sha256 } = versions[0]!.files[0]!.hosted!
    for (const hash of [sha256, sha256.toUpperCase(), sha256.slice(0, 10)]) {
      expect((await world.answerOf(`/api/v1/model-versions/by-hash/${hash}`))[1]).toMatchObject({ id: 51, modelId: 5 })
    }
  })

  test.each<[what: string, path: string, headers: Record<string, string>, status: number]>([
    ['the header', '/api/v1/me', SIGNED_IN, 200],
    ['the query', `/api/v1/me?token=${LOCAL_CIVITAI_TOKEN}`, {}, 200],
    ['a header without the scheme', '/api/v1/me', { authorization: LOCAL_CIVITAI_TOKEN }, 401],
    [
      'a wrong header before a right query',
      `/api/v1/me?token=${LOCAL_CIVITAI_TOKEN}`,
      { authorization: 'Bearer x' },
      401,
    ],
    ['nothing', '/api/v1/me', {}, 401],
    ['a wrong token where none is needed', '/api/v1/models/5', { authorization: 'Bearer x' }, 200],
  ])('a token in %s', async (_what, path, headers, status) => {
    await start()
    world.standIn.addModel({ id: 5 })
    expect((await world.answerOf(path, headers))[0]).toBe(status)
  })

  test("anonymous answers say that the edge keeps them, and only those; a library's agent meets the edge's page", async () => {
    await start()
    world.standIn.addModel({ id: 5 })
    expect((await world.get('/api/v1/models/5')).headers.get('cache-control')).toContain('s-maxage=300')
    expect((await world.get('/api/v1/models/5', SIGNED_IN)).headers.get('cache-control')).toBeNull()
    const refused = await world.get('/api/v1/models/5', { 'user-agent': 'Python-urllib/3.11' })
    expect([refused.status, refused.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
  })

  test('more requests a second than allowed get a page with 429', async () => {
    let nowMs = NOW
    await start({ requestsPerSecond: 2, now: () => nowMs })
    world.standIn.addModel({ id: 5 })
    const statuses = []
    for (let i = 0; i < 3; i++) statuses.push((await world.get('/api/v1/models/5')).status)
    nowMs += 1_000
    statuses.push((await world.get('/api/v1/models/5')).status)
    expect(statuses).toEqual([200, 200, 429, 200])
  })
})
