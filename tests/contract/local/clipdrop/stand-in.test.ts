import { connect } from 'node:net'
import sharp from 'sharp'
import { LOCAL_CLIPDROP_KEY } from '#local/clipdrop/account.ts'
import {
  type ClipDropOptions,
  type ClipDropRequest,
  type ClipDropStandIn,
  startClipDrop,
} from '#local/clipdrop/server.ts'

// Plain fetch and forms, not our own client: the stand-in is judged by what is on the wire.

let standIn: ClipDropStandIn
async function start(options: ClipDropOptions = {}): Promise<ClipDropStandIn> {
  standIn = await startClipDrop({ requestsPerMinute: null, ...options })
  return standIn
}
afterEach(() => standIn.close())

function solid(
  width: number,
  height: number,
  format: 'png' | 'jpeg' | 'webp' | 'gif' = 'png',
  alpha = 1,
): Promise<Buffer> {
  const background = { r: 200, g: 30, b: 30, alpha }
  const channels = alpha === 1 ? 3 : 4
  return sharp({ create: { width, height, channels, background } }).toFormat(format).toBuffer()
}

async function post(
  path: string,
  fields: Record<string, string | Buffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    form.set(name, typeof value === 'string' ? value : new Blob([new Uint8Array(value)]))
  }
  return await fetch(`${standIn.url}${path}`, {
    method: 'POST',
    headers: { 'x-api-key': LOCAL_CLIPDROP_KEY, ...headers },
    body: form,
  })
}
const removeBackground = (fields: Record<string, string | Buffer>, headers = {}) =>
  post('/remove-background/v1', fields, headers)
const upscale = (fields: Record<string, string | Buffer>, headers = {}) =>
  post('/image-upscaling/v1/upscale', fields, headers)

async function errorOf(response: Response): Promise<[number, string]> {
  const body = (await response.json()) as { error: string }
  expect(response.headers.get('content-type')).toBe('application/json')
  return [response.status, body.error]
}

test('answers the head of a picture with the credits, as documented', async () => {
  await start({ credits: 100 })
  const response = await removeBackground({ image_file: await solid(30, 20) })
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'image/png',
    'x-credits-consumed': '1',
    'x-remaining-credits': '99',
  })
  expect(await sharp(await response.arrayBuffer()).metadata()).toMatchObject({ width: 30, height: 20, hasAlpha: true })
})

test.each([
  ['', 'image/png'],
  ['*/*', 'image/png'],
  ['image/webp', 'image/webp'],
  ['image/jpeg', 'image/jpeg'],
])('removal answers Accept %j with %s', async (accept, type) => {
  await start()
  const response = await removeBackground({ image_file: await solid(30, 20) }, accept === '' ? {} : { accept })
  expect(response.headers.get('content-type')).toBe(type)
  expect((await sharp(await response.arrayBuffer()).metadata()).format).toBe(type.slice(6))
})

test('removal gives a transparent input back unchanged, and charges it, unless told to discard alpha', async () => {
  await start()
  const input = await solid(30, 20, 'webp', 0.5)
  const unchanged = await removeBackground({ image_file: input })
  expect(Buffer.from(await unchanged.arrayBuffer()).equals(input)).toBe(true)
  expect([unchanged.headers.get('content-type'), unchanged.headers.get('x-credits-consumed')]).toEqual([
    'image/webp',
    '1',
  ])
  const cut = await removeBackground({ image_file: input, transparency_handling: 'discard_alpha_layer' })
  expect(cut.headers.get('content-type')).toBe('image/png')
})

test.each([
  ['jpeg', 1, 'image/jpeg'],
  ['png', 1, 'image/jpeg'],
  ['webp', 1, 'image/jpeg'],
  ['png', 0.5, 'image/webp'],
  ['webp', 0.5, 'image/webp'],
] as const)('upscaling a %s of opacity %d answers %s in exactly the target size', async (format, alpha, type) => {
  await start()
  const response = await upscale({
    image_file: await solid(30, 20, format, alpha),
    target_width: '77',
    target_height: '33',
  })
  expect(response.headers.get('content-type')).toBe(type)
  expect(await sharp(await response.arrayBuffer()).metadata()).toMatchObject({
    width: 77,
    height: 33,
    format: type.slice(6),
  })
})

describe('refusals', () => {
  beforeEach(() => start())

  test.each([
    ['no key', { 'x-api-key': '' }, 401, 'No api key provided'],
    ['an unknown key', { 'x-api-key': 'x' }, 403, 'Invalid api key'],
    ['an Accept that is not offered', { accept: 'text/html' }, 406, 'Accept header not acceptable'],
  ])('%s', async (_name, headers, status, message) => {
    expect(await errorOf(await removeBackground({ image_file: await solid(3, 2) }, headers))).toEqual([status, message])
  })

  test.each([
    ['no picture', {}, /image_file is required/],
    ['text for a picture', { image_file: Buffer.from('<html>') }, /not an image|PNG/],
    ['a picture as text', { image_file: 'abc' }, /image_file is required/],
    ['a bad transparency_handling', { transparency_handling: 'yes' }, /transparency_handling/],
    ['a field of the other endpoint', { target_width: '5' }, /Unexpected field target_width/],
  ])('removal refuses %s', async (_name, fields, message) => {
    const picture = 'image_file' in fields || _name === 'no picture' ? {} : { image_file: await solid(3, 2) }
    const [status, error] = await errorOf(await removeBackground({ ...picture, ...fields } as Record<string, string>))
    expect(status).toBe(400)
    expect(error).toMatch(message)
  })

  test.each([
    ['one dimension only', { target_width: '5' }, /target_height is required/],
    ['zero', { target_width: '0', target_height: '5' }, /target_width must be/],
    ['4097', { target_width: '5', target_height: '4097' }, /target_height must be/],
    ['a fraction', { target_width: '5.5', target_height: '5' }, /target_width must be/],
    ['a factor', { upscale: '2' }, /Unexpected field upscale/],
  ])('upscaling refuses %s', async (_name, fields, message) => {
    const [status, error] = await errorOf(
      await upscale({ image_file: await solid(3, 2), ...(fields as Record<string, string>) }),
    )
    expect(status).toBe(400)
    expect(error).toMatch(message)
  })

  test('a GIF', async () => {
    expect(await errorOf(await removeBackground({ image_file: await solid(3, 2, 'gif') }))).toEqual([
      400,
      'image_file must be a PNG, JPEG or WebP',
    ])
  })

  test('a picture over the pixel limit of its endpoint, which differ', async () => {
    const between = await solid(5000, 4000, 'jpeg')
    expect((await upscale({ image_file: between, target_width: '9', target_height: '9' })).status).toBe(400)
    expect((await removeBackground({ image_file: await solid(5001, 5000, 'jpeg') })).status).toBe(400)
  })

  test('a file over 30 MB', async () => {
    const padded = Buffer.concat([await solid(3, 2), Buffer.alloc(30_000_000)])
    const [status, error] = await errorOf(await removeBackground({ image_file: padded }))
    expect([status, error]).toEqual([400, 'image_file is larger than 30 MB'])
  })

  test('a form without its boundary', async () => {
    const response = await fetch(`${standIn.url}/remove-background/v1`, {
      method: 'POST',
      headers: { 'x-api-key': LOCAL_CLIPDROP_KEY, 'content-type': 'multipart/form-data' },
      body: 'x',
    })
    expect((await errorOf(response))[0]).toBe(400)
  })

  test('other paths and methods', async () => {
    expect((await fetch(`${standIn.url}/super-resolution/v1`, { method: 'POST' })).status).toBe(404)
    expect((await fetch(`${standIn.url}/remove-background/v1`)).status).toBe(405)
  })

  afterEach(() => {
    expect(standIn.requests.filter(({ charged }) => charged)).toEqual([])
  })
})

test('an empty account answers 402, and the 61st request of a minute 429', async () => {
  let nowMs = 0
  await start({ credits: 60, requestsPerMinute: 60, now: () => nowMs })
  const input = await solid(3, 2)
  const statuses: number[] = []
  for (let index = 0; index < 61; index++) statuses.push((await removeBackground({ image_file: input })).status)
  expect(statuses).toEqual([...Array(60).fill(200), 429])
  nowMs = 60_000
  expect(await errorOf(await removeBackground({ image_file: input }))).toEqual([402, 'No remaining credits'])
})

describe('faults', () => {
  test('meet the endpoint and the number of requests they were ordered for, and count', async () => {
    await start()
    const fault = standIn.inject({ fault: { kind: 'status', status: 500 }, times: 2, endpoint: 'upscale' })
    const fields = { image_file: await solid(3, 2), target_width: '4', target_height: '4' }
    expect((await removeBackground({ image_file: await solid(3, 2) })).status).toBe(200)
    expect((await upscale(fields)).status).toBe(500)
    expect(fault.fired).toBe(1)
    expect(() => standIn.assertAllFired()).toThrow('status (1 of 2)')
    expect((await upscale(fields)).status).toBe(500)
    expect((await upscale(fields)).status).toBe(200)
    standIn.assertAllFired()
    expect(standIn.requests.map(({ fault, charged }) => [fault, charged])).toEqual([
      [null, true],
      ['status', false],
      ['status', false],
      [null, true],
    ])
  })

  test('have not fired at a request that was refused before they could do their harm', async () => {
    await start()
    const fault = standIn.inject({ fault: { kind: 'cut-body' }, times: 1 })
    expect((await removeBackground({}, { 'x-api-key': 'x' })).status).toBe(403)
    expect(fault.fired).toBe(0)
    expect(() => standIn.assertAllFired()).toThrow('cut-body (0 of 1)')
  })

  test('can be ordered and read over the control endpoint', async () => {
    await start()
    const control = `${standIn.url}/_control/faults`
    const order = { fault: { kind: 'lost-answer' }, times: 1, endpoint: 'remove-background' }
    expect((await fetch(control, { method: 'POST', body: JSON.stringify(order) })).status).toBe(201)
    await expect(removeBackground({ image_file: await solid(3, 2) })).rejects.toThrow()
    expect(await (await fetch(control)).json()).toEqual([{ ...order, fired: 1 }])
    const requests = (await (await fetch(`${standIn.url}/_control/requests`)).json()) as ClipDropRequest[]
    expect(requests).toMatchObject([{ index: 1, fault: 'lost-answer', charged: true }])
    for (const body of ['{', '{"fault":{"kind":"nothing"}}', '{"fault":{"kind":"hang"},"times":0}']) {
      expect((await fetch(control, { method: 'POST', body })).status).toBe(400)
    }
    expect(await (await fetch(control, { method: 'DELETE' })).json()).toEqual([])
  })
})

test('tells of each request before it is answered and after', async () => {
  const told: string[] = []
  await start({
    beforeAnswer: ({ index, charged }) => void told.push(`before ${index} ${charged}`),
    afterAnswer: ({ index }) => void told.push(`after ${index}`),
  })
  const input = await solid(3, 2)
  for (let index = 0; index < 2; index++) {
    await (await removeBackground({ image_file: input })).arrayBuffer()
    while (told.length < 2 * (index + 1)) await new Promise(setImmediate)
  }
  expect(told).toEqual(['before 1 true', 'after 1', 'before 2 true', 'after 2'])
})

test('a client that dies while it waits leaves nothing behind', async () => {
  const told: string[] = []
  await start({
    beforeAnswer: () => {
      client.destroy()
    },
    afterAnswer: () => void told.push('after'),
  })
  const request = new Request(`${standIn.url}/remove-background/v1`, {
    method: 'POST',
    body: await (async () => {
      const form = new FormData()
      form.set('image_file', new Blob([new Uint8Array(await solid(3, 2))]))
      return form
    })(),
  })
  const body = Buffer.from(await request.arrayBuffer())
  const client = connect(Number(new URL(standIn.url).port), '127.0.0.1')
  client.on('error', () => {})
  client.write(
    `POST /remove-background/v1 HTTP/1.1\r\nhost: x\r\nx-api-key: ${LOCAL_CLIPDROP_KEY}\r\n` +
      `content-type: ${request.headers.get('content-type')}\r\ncontent-length: ${body.byteLength}\r\n\r\n`,
  )
  client.write(body)
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
  expect(standIn.requests).toMatchObject([{ charged: true }])
})

test('says that it is ready', async () => {
  await start()
  expect((await fetch(standIn.url)).status).toBe(200)
})
