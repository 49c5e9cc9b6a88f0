import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import { seedCivitai } from '#local/civitai/seed.ts'
import type { CivitaiStandInOptions } from '#local/civitai/server.ts'
import { AGENT, type Json, NOW, openStandIn, SIGNED_IN, type StandInWorld } from './stand-in.ts'

let world: StandInWorld
async function start(options: Partial<CivitaiStandInOptions> = {}): Promise<void> {
  world = await openStandIn(options)
}
afterEach(() => world.close())

describe('faults', () => {
  test('change what is told of a file, where it is told', async () => {
    await start()
    const { versions } = world.standIn.addModel({ id: 5, versions: [{ id: 50 }] })
    const { sizeBytes } = versions[0]!.files[0]!.hosted!
    const fileWith = async (kind: 'wrong-hash' | 'wrong-size' | 'no-hashes', path: string): Promise<Json> => {
      world.standIn.inject({ fault: { kind }, times: 1 })
      // A download can't be harmed by it, and leaves it to the next.
      await world.get('/api/download/models/50', SIGNED_IN)
      const [, body] = await world.answerOf(path)
      world.standIn.assertAllFired()
      const holder: Json = 'modelVersions' in body ? body.modelVersions[0]! : body
      return holder.files[0]!
    }
    for (const path of ['/api/v1/models/5', '/api/v1/model-versions/50']) {
      expect((await fileWith('wrong-hash', path)).hashes.SHA256).toBe('B'.repeat(64))
      expect(Math.round(Number((await fileWith('wrong-size', path)).sizeKB) * 1024)).toBe(sizeBytes + 1)
      expect(await fileWith('no-hashes', path)).toMatchObject({ hashes: {}, virusScanResult: 'Pending' })
    }
    expect((await world.answerOf('/api/v1/models/5'))[1].modelVersions[0]!.files[0]!.hashes.SHA256).not.toBe(
      'B'.repeat(64),
    )
  })

  test('are ordered over HTTP too, and meet requests of their endpoint only', async () => {
    await start()
    world.standIn.addModel({ id: 5, versions: [{ id: 50 }] })
    const order = { fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'download' }
    const sent = await fetch(`${world.standIn.url}/_control/faults`, { method: 'POST', body: JSON.stringify(order) })
    expect(sent.status).toBe(201)
    const wrong = await fetch(`${world.standIn.url}/_control/faults`, {
      method: 'POST',
      body: '{"fault":{"kind":"x"}}',
    })
    expect(wrong.status).toBe(400)
    expect((await world.get('/api/v1/models/5')).status).toBe(200)
    expect(() => world.standIn.assertAllFired()).toThrow('status (0 of 1)')
    expect((await world.get('/api/download/models/50', SIGNED_IN)).status).toBe(500)
    world.standIn.assertAllFired()
    expect(world.standIn.requests).toMatchObject([
      { endpoint: 'model', fault: null, isSignedIn: false, userAgent: AGENT },
      { endpoint: 'download', fault: 'status', isSignedIn: true, path: '/api/download/models/50' },
    ])
  })

  test.each<[kind: 'html' | 'json', type: string]>([
    ['html', 'text/html; charset=utf-8'],
    ['json', 'application/json; charset=utf-8'],
  ])('%s comes with status 200', async (kind, type) => {
    await start()
    world.standIn.addModel({ id: 5 })
    world.standIn.inject({ fault: { kind }, times: 1 })
    const response = await world.get('/api/v1/models/5')
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
  })

  test.each(['reset', 'cut-body'] as const)('%s breaks the connection', async (kind) => {
    await start()
    world.standIn.addModel({ id: 5 })
    world.standIn.inject({ fault: { kind }, times: 1 })
    await expect(world.get('/api/v1/models/5').then((response) => response.text())).rejects.toThrow()
    world.standIn.assertAllFired()
  })

  test.each(['hang', 'stall'] as const)('%s lasts until the stand-in closes', async (kind) => {
    await start()
    world.standIn.addModel({ id: 5 })
    world.standIn.inject({ fault: { kind }, times: 1 })
    const running = world.get('/api/v1/models/5').then((response) => response.text())
    const ended = expect(running).rejects.toThrow()
    const first = await Promise.race([running.catch(() => 'ended'), whenSeen().then(() => 'seen')])
    expect(first).toBe('seen')
    await world.standIn.close()
    await ended
  })
})

test('a token in a query is not kept with the request', async () => {
  await start()
  await world.get(`/api/v1/me?token=${LOCAL_CIVITAI_TOKEN}&a=b`)
  expect(world.standIn.requests).toMatchObject([{ query: 'a=b', isSignedIn: true, status: 200 }])
})

test('what a local stack starts with: a LoRA, twins, a pickle, training data, early access and an archive', async () => {
  await start()
  seedCivitai(world.standIn, NOW)
  const summary = []
  for (const id of [1001, 1002, 1003, 1004, 1005, 1006]) {
    const [, { mode, modelVersions }] = await world.answerOf(`/api/v1/models/${id}`)
    const { files, availability } = modelVersions[0]!
    summary.push([mode, availability, files.map((file: Json) => `${file.type} ${file.metadata.format}`)])
  }
  expect(summary).toEqual([
    [undefined, 'Public', ['Model SafeTensor']],
    [undefined, 'Public', ['Model SafeTensor', 'Model SafeTensor']],
    [undefined, 'Public', ['Model PickleTensor']],
    [undefined, 'Public', ['Training Data Other']],
    [undefined, 'EarlyAccess', ['Model SafeTensor']],
    ['Archived', 'Public', []],
  ])
})

/** Resolves once the stand-in has met the fault of the first request. */
async function whenSeen(): Promise<void> {
  while (world.standIn.requests[0]?.fault === null || world.standIn.requests.length === 0) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}
