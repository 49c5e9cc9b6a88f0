import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { createManualClock } from '#local/clock.ts'
import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import { type ReplicateOptions, type ReplicateStandIn, startReplicate } from '#local/replicate/server.ts'

// Plain fetch, not our own client: the stand-in is judged by what is on the wire.

const ESRGAN = '42fed1c4974146d4d2414e2be2c5277c7fcf05fcc3a73abf41610695738c1d7b'
const REMBG = 'fb8af171cfa1616ddcf1242c093f9c46bcada5ad4cf6f2fbe8b81b330ec5c003'
const DIS = '5b67a0da2b417b71066754fa8550d668a12edccfe3f32de062f7e20ac0b5d55e'

let standIn: ReplicateStandIn
async function start(options: ReplicateOptions = {}): Promise<ReplicateStandIn> {
  standIn = await startReplicate({ queueMs: 0, runMs: 5, ...options })
  return standIn
}
afterEach(() => standIn.close())

type Json = Record<string, unknown>
const auth = { authorization: `Bearer ${LOCAL_REPLICATE_TOKEN}` }

async function solid(width: number, height: number): Promise<string> {
  const bytes = await sharp({ create: { width, height, channels: 3, background: '#a04030' } })
    .png()
    .toBuffer()
  return `data:image/png;base64,${bytes.toString('base64')}`
}

async function create(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${standIn.url}/v1/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...auth, ...headers },
    body: JSON.stringify(body),
  })
}
const read = async (id: unknown): Promise<Json> =>
  (await (await fetch(`${standIn.url}/v1/predictions/${id}`, { headers: auth })).json()) as Json
const cancel = async (id: unknown): Promise<Json> =>
  (await (await fetch(`${standIn.url}/v1/predictions/${id}/cancel`, { method: 'POST', headers: auth })).json()) as Json
const upscaling = async () => ({ version: ESRGAN, input: { image: await solid(6, 4), scale: 2 } })

describe('a prediction', () => {
  test('is answered as starting, without the keys that have nothing to say, like the recorded ones', async () => {
    await start()
    const response = await create(await upscaling())
    const body = (await response.json()) as Json
    const recorded = JSON.parse(readFileSync('tests/fixtures/replicate/predictions.recorded.json', 'utf8')) as {
      case: string
      response: { body: Json }
    }[]
    const { body: theirs } = recorded.find((one) => one.case === 'prediction-create-201-starting')!.response
    expect(response.status).toBe(201)
    expect(Object.keys(body).sort()).toEqual([...Object.keys(theirs), 'data_removed'].sort())
    expect(body).toMatchObject({ status: 'starting', logs: '', error: null, model: 'nightmareai/real-esrgan' })
    expect(body.created_at).toMatch(/\.\d{9}Z$/)
  })

  test('goes from starting over processing to succeeded, with an output that can be fetched', async () => {
    const clock = createManualClock(Date.parse('2026-05-01T12:00:00Z'))
    await start({ clock, queueMs: 1000, runMs: 5000 })
    const { id } = (await (await create(await upscaling())).json()) as Json
    expect(await read(id)).toMatchObject({ status: 'starting', output: null, metrics: {}, started_at: null })
    clock.advance(1000)
    await until(async () => (await read(id)).status === 'processing')
    // The work is done in real time; the clock alone ends it.
    await until(async () => clock.waiting() > 0)
    clock.advance(5000)
    await until(async () => (await read(id)).status === 'succeeded')
    const done = await read(id)
    expect(done).toMatchObject({ status: 'succeeded', metrics: { predict_time: 5, total_time: 6 }, error: null })
    const output = await fetch(String(done.output))
    expect(output.headers.get('content-type')).toBe('image/png')
    expect(await sharp(await output.arrayBuffer()).metadata()).toMatchObject({ format: 'png', width: 12, height: 8 })
  })

  test('and its output are gone after an hour', async () => {
    const clock = createManualClock(0)
    await start({ clock, queueMs: 0, runMs: 0 })
    const { id } = (await (await create(await upscaling())).json()) as Json
    await until(async () => (await read(id)).status === 'succeeded')
    const { output } = await read(id)
    clock.advance(3_599_999)
    expect((await fetch(String(output))).status).toBe(200)
    clock.advance(1)
    expect((await fetch(String(output))).status).toBe(404)
    expect(await read(id)).toMatchObject({ status: 'succeeded', output: null, data_removed: true, input: {} })
  })

  test('that is held is answered with its result, and says so', async () => {
    await start()
    const response = await create(await upscaling(), { prefer: 'wait=20' })
    expect(response.headers.get('preference-applied')).toBe('wait')
    expect(await response.json()).toMatchObject({ status: 'succeeded', output: expect.stringContaining('/delivery/') })
  })

  test('that takes longer than it is held is answered as it is', async () => {
    const clock = createManualClock(0)
    await start({ clock, queueMs: 0, runMs: 60_000 })
    const answering = create(await upscaling(), { prefer: 'wait=5' })
    // The end of the run and the end of the holding.
    await until(async () => clock.waiting() === 2)
    clock.advance(5000)
    expect(await (await answering).json()).toMatchObject({ status: 'processing' })
  })

  test('is canceled once it runs, aborted before, and left alone when it has ended', async () => {
    const clock = createManualClock(0)
    await start({ clock, queueMs: 1000, runMs: 1000 })
    const first = (await (await create(await upscaling())).json()) as Json
    const second = (await (await create(await upscaling())).json()) as Json
    expect(await cancel(first.id)).toMatchObject({ status: 'aborted', output: null, metrics: { predict_time: 3e-6 } })
    clock.advance(1000)
    await until(async () => (await read(second.id)).status === 'processing')
    expect(await cancel(second.id)).toMatchObject({ status: 'canceled' })
    expect(await cancel(first.id)).toMatchObject({ status: 'aborted' })
  })

  test.each([
    ['never started', 60_000, 'aborted'],
    ['had started', 0, 'canceled'],
  ])('that %s is ended by Cancel-After', async (_name, queueMs, status) => {
    const clock = createManualClock(0)
    await start({ clock, queueMs, runMs: 60_000 })
    const { id } = (await (await create(await upscaling(), { 'cancel-after': '5s' })).json()) as Json
    await until(async () => (await read(id)).status === (queueMs === 0 ? 'processing' : 'starting'))
    clock.advance(5000)
    await until(async () => (await read(id)).status === status)
  })

  test('fails beyond what the GPU holds, and where its input cannot be fetched', async () => {
    await start()
    const large = { version: ESRGAN, input: { image: await solid(1600, 1400) } }
    expect(await (await create(large, { prefer: 'wait' })).json()).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('out of memory'),
    })
    const elsewhere = { version: ESRGAN, input: { image: 'https://example.com/a.png' } }
    expect(await (await create(elsewhere, { prefer: 'wait' })).json()).toMatchObject({ status: 'failed' })
  })

  test('of a model that gives lists is answered with one, and official models are run by name', async () => {
    await start()
    const image = await solid(6, 4)
    const dis = await create(
      { version: `lucataco/dis-background-removal:${DIS}`, input: { image } },
      { prefer: 'wait' },
    )
    expect(await dis.json()).toMatchObject({ output: [expect.stringContaining('/delivery/')] })
    const bria = await create({ version: 'bria/remove-background', input: { image } }, { prefer: 'wait' })
    expect(await bria.json()).toMatchObject({ version: 'hidden', status: 'succeeded' })
  })

  test('is listed, the newest first, a hundred a page', async () => {
    await start()
    const ids: unknown[] = []
    const body = await upscaling()
    for (let count = 0; count < 101; count++) ids.unshift(((await (await create(body)).json()) as Json).id)
    const first = (await (await fetch(`${standIn.url}/v1/predictions`, { headers: auth })).json()) as {
      next: string
      previous: null
      results: Json[]
    }
    const second = (await (await fetch(first.next, { headers: auth })).json()) as typeof first
    expect([...first.results, ...second.results].map(({ id }) => id)).toEqual(ids)
    expect([first.previous, second.next]).toEqual([null, null])
  })
})

describe('refuses, and bills nothing for', () => {
  test.each<[string, number, string, () => Promise<Response>]>([
    ['no token', 401, 'valid authentication token', async () => create(await upscaling(), { authorization: '' })],
    [
      'another token',
      401,
      'valid authentication',
      async () => create(await upscaling(), { authorization: 'Bearer r8_x' }),
    ],
    ['an unknown version', 422, 'version does not exist', async () => create({ version: 'f'.repeat(64), input: {} })],
    ['a community model by its name alone', 422, 'version', async () => create({ version: 'cjwbw/rembg', input: {} })],
    ["another model's version", 422, 'version', async () => create({ version: `cjwbw/rembg:${ESRGAN}`, input: {} })],
    ['no picture', 422, 'image is required', async () => create({ version: REMBG, input: {} })],
    ['a picture that is no URL', 422, "format 'uri'", async () => create({ version: REMBG, input: { image: 'x' } })],
    [
      'an input it has not',
      422,
      'img is not allowed',
      async () => create({ version: REMBG, input: { image: 'data:,', img: 'data:,' } }),
    ],
    [
      'a number out of range',
      422,
      'input.scale: Must be less',
      async () => create({ version: ESRGAN, input: { image: 'data:,', scale: 11 } }),
    ],
    [
      'a number as text',
      422,
      'Expected: number',
      async () => create({ version: ESRGAN, input: { image: 'data:,', scale: '2' } }),
    ],
    ['a field it does not know', 422, 'Unrecognized key', async () => create({ version: ESRGAN, input: {}, wait: 3 })],
    [
      'a webhook without https',
      422,
      'webhook',
      async () => create({ version: ESRGAN, input: {}, webhook: 'http://x.test' }),
    ],
    ['a wait over a minute', 422, 'Prefer', async () => create(await upscaling(), { prefer: 'wait=61' })],
    [
      'a deadline under five seconds',
      422,
      'Cancel-After',
      async () => create(await upscaling(), { 'cancel-after': '4s' }),
    ],
    ['another path', 404, 'could not be found', () => fetch(`${standIn.url}/v1/prediction`, { headers: auth })],
    [
      'a run that is not there',
      404,
      'could not be found',
      () => fetch(`${standIn.url}/v1/predictions/x`, { headers: auth }),
    ],
  ])('%s: %d', async (_name, status, detail, send) => {
    await start()
    const response = await send()
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const body = (await response.json()) as Json
    expect(String(body.detail)).toContain(detail)
    expect(body.status).toBe(status)
    expect(standIn.requests.filter(({ charged }) => charged)).toEqual([])
  })

  test('an account without credit, and more runs than a minute allows', async () => {
    let nowMs = 0
    const clock = { ...createManualClock(0), now: () => nowMs }
    await start({ credit: 2, runsPerMinute: 1, clock })
    const body = await upscaling()
    expect((await create(body)).status).toBe(201)
    const throttled = await create(body)
    expect([throttled.status, ((await throttled.json()) as Json).detail]).toEqual([
      429,
      'Request was throttled. Your rate limit resets in ~60s.',
    ])
    nowMs = 60_000
    expect((await create(body)).status).toBe(201)
    nowMs = 120_000
    expect((await create(body)).status).toBe(402)
  })
})

describe('files', () => {
  async function upload(name = 'a.png'): Promise<Response> {
    const form = new FormData()
    form.set(
      'content',
      new Blob([new Uint8Array(Buffer.from((await solid(6, 4)).split(',')[1]!, 'base64'))], { type: 'image/png' }),
      name,
    )
    return await fetch(`${standIn.url}/v1/files`, { method: 'POST', headers: auth, body: form })
  }

  test('are kept for a day and read by runs', async () => {
    const clock = createManualClock(0)
    await start({ clock, queueMs: 0, runMs: 0 })
    const response = await upload()
    const file = (await response.json()) as { id: string; urls: { get: string } } & Json
    expect(response.status).toBe(201)
    expect(file).toMatchObject({ name: 'a.png', content_type: 'image/png', expires_at: '1970-01-02T00:00:00.000Z' })
    const run = await create({ version: ESRGAN, input: { image: file.urls.get, scale: 2 } }, { prefer: 'wait' })
    expect(await run.json()).toMatchObject({ status: 'succeeded' })
    expect(standIn.requests.at(-1)).toMatchObject({ staged: 'file', picture: { width: 6, height: 4 } })
    expect((await fetch(file.urls.get, { headers: auth })).status).toBe(200)
    clock.advance(24 * 3_600_000)
    expect((await fetch(file.urls.get, { headers: auth })).status).toBe(404)
  })

  test('are removed on demand, and only once', async () => {
    await start()
    const { urls } = (await (await upload()).json()) as { urls: { get: string } }
    expect((await fetch(urls.get, { method: 'DELETE', headers: auth })).status).toBe(204)
    expect((await fetch(urls.get, { method: 'DELETE', headers: auth })).status).toBe(404)
    expect(await (await fetch(`${standIn.url}/v1/files`, { headers: auth })).json()).toMatchObject({ results: [] })
  })

  test('need a token, a form and a name that is not too long', async () => {
    await start()
    expect((await fetch(`${standIn.url}/v1/files`)).status).toBe(401)
    expect((await fetch(`${standIn.url}/v1/files`, { method: 'POST', headers: auth, body: 'x' })).status).toBe(400)
    expect((await upload('x'.repeat(256))).status).toBe(400)
  })
})

describe('faults', () => {
  test('of runs and of outputs meet the endpoint that they are about, and count', async () => {
    await start()
    standIn.inject({ fault: { kind: 'noise' }, times: 1 })
    standIn.inject({ fault: { kind: 'failed', error: 'no' }, times: 1 })
    standIn.inject({ fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'get' })
    const body = await upscaling()
    expect(await (await create(body, { prefer: 'wait' })).json()).toMatchObject({ status: 'failed', error: 'no' })
    const { id, output } = (await (await create(body, { prefer: 'wait' })).json()) as Json
    expect(() => standIn.assertAllFired()).toThrow('noise (0 of 1), status (0 of 1)')
    expect((await fetch(`${standIn.url}/v1/predictions/${id}`, { headers: auth })).status).toBe(500)
    const noise = Buffer.from(await (await fetch(String(output))).arrayBuffer())
    await expect(sharp(noise).metadata()).rejects.toThrow()
    standIn.assertAllFired()
    expect(standIn.requests.map(({ endpoint, fault }) => [endpoint, fault])).toEqual([
      ['create', 'failed'],
      ['create', null],
      ['get', 'status'],
      ['output', 'noise'],
    ])
  })

  test('that lose the answer of a creation leave a run behind, which is billed', async () => {
    await start()
    standIn.inject({ fault: { kind: 'lost-answer' }, times: 1 })
    await expect(create(await upscaling())).rejects.toThrow()
    expect(standIn.requests).toMatchObject([{ endpoint: 'create', charged: true, fault: 'lost-answer' }])
    const { results } = (await (await fetch(`${standIn.url}/v1/predictions`, { headers: auth })).json()) as {
      results: Json[]
    }
    expect(results).toHaveLength(1)
  })

  test('can be ordered and read over the control endpoint', async () => {
    await start()
    const control = `${standIn.url}/_control/faults`
    const order = { fault: { kind: 'hang' }, times: 1, endpoint: 'list' }
    expect((await fetch(control, { method: 'POST', body: JSON.stringify(order) })).status).toBe(201)
    expect(await (await fetch(control)).json()).toEqual([{ ...order, fired: 0 }])
    expect((await fetch(control, { method: 'POST', body: '{"fault":{"kind":"nothing"}}' })).status).toBe(400)
    expect(await (await fetch(control, { method: 'DELETE' })).json()).toEqual([])
  })
})

test('tells of each request before it is answered and after', async () => {
  const told: string[] = []
  await start({
    beforeAnswer: ({ endpoint, charged }) => void told.push(`before ${endpoint} ${charged}`),
    afterAnswer: ({ endpoint }) => void told.push(`after ${endpoint}`),
  })
  const { id } = (await (await create(await upscaling())).json()) as Json
  await until(async () => told.length === 2)
  await read(id)
  await until(async () => told.length === 4)
  expect(told).toEqual(['before create true', 'after create', 'before get false', 'after get'])
})

test('says that it is ready', async () => {
  await start()
  expect((await fetch(standIn.url)).status).toBe(200)
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 2))
}
