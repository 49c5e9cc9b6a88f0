import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import type { ReplicateOptions } from '#local/replicate/server.ts'
import { readSafetensorsHeader } from '#shared/formats/safetensors.ts'
import { startReceiver } from '../../../support/receiver.ts'
import {
  auth,
  destination,
  type Json,
  startTrainings,
  TRAINER,
  type TrainingStandIn,
  trainingsPath,
} from '../../../support/training-stand-in.ts'
import { until } from '../../../support/until.ts'

let world: TrainingStandIn
async function start(options: ReplicateOptions = {}): Promise<void> {
  world = await startTrainings(options)
}
afterEach(async () => {
  world.assertAllFired()
  await world.close()
})

type Recorded = { case: string; response: { status: number; body: Json } }[]
const recorded: Recorded = JSON.parse(readFileSync('tests/fixtures/replicate/trainings.recorded.json', 'utf8'))
const recordedBody = (name: string): Json => recorded.find((one) => one.case === name)!.response.body
const sortedKeys = (body: Json): string[] => Object.keys(body).sort()

const weightsOf = async (training: Json): Promise<Buffer> => {
  const { weights } = training.output as { weights: string }
  return Buffer.from(await (await fetch(weights)).arrayBuffer())
}
/** What the system's own tar makes of an archive. */
function untar(archive: Buffer, ...args: string[]): Buffer {
  const { stdout, status, stderr } = spawnSync('tar', ['-f', '-', ...args], { input: archive })
  if (status !== 0) throw new Error(stderr.toString())
  return stdout
}
const LORA = 'output/flux_train_replicate/lora.safetensors'

describe('a training', () => {
  test('is answered as starting, with the keys of the recorded one, and points at predictions', async () => {
    await start()
    const body = await world.train()
    expect(sortedKeys(body)).toEqual([...sortedKeys(recordedBody('training-create-201')), 'data_removed'].sort())
    expect(body).toMatchObject({ status: 'starting', logs: '', error: null, model: TRAINER })
    expect(body.urls).toMatchObject({ get: `${world.url}/v1/predictions/${body.id}` })
    expect((await world.send('GET', `/predictions/${body.id}`)).status).toBe(404)
    expect(JSON.stringify(body)).not.toContain(destination)
  })

  test('goes over processing to succeeded, and its version to the destination', async () => {
    await start()
    const { id } = await world.train()
    expect(await world.read(`/trainings/${id}`)).toMatchObject({ status: 'starting', output: null, metrics: {} })
    world.clock.advance(1000)
    await until(async () => (await world.read(`/trainings/${id}`)).status === 'processing')
    const running = await world.read(`/trainings/${id}`)
    const theirs = recordedBody('training-get-processing-200')
    expect(sortedKeys(running)).toEqual([...sortedKeys(theirs), 'data_removed'].sort())
    expect(running).toMatchObject({ logs: null, metrics: {}, output: null, completed_at: null })
    expect(running.urls).toMatchObject({ get: `${world.url}/v1/trainings/${id}` })
    expect(await world.read(`/models/${destination}`)).toMatchObject({ latest_version: null, visibility: 'private' })

    const done = await world.finish(id)
    expect(done).toMatchObject({ status: 'succeeded', error: null, data_removed: false })
    expect(done.logs).toMatch(/flux_train_replicate: 100%\|█{10}\| 100\/100/)
    const { version } = done.output as { version: string }
    expect(version).toMatch(new RegExp(`^${destination}:[0-9a-f]{64}$`))
    const { latest_version } = await world.read(`/models/${destination}`)
    expect(latest_version).toMatchObject({ id: version.split(':')[1] })
  })

  test('leaves a tar with a LoRA of its rank, captions and settings, the same for the same input', async () => {
    await start()
    const first = await weightsOf(await world.finish((await world.train()).id))
    expect(untar(first, '-t').toString().trim().split('\n')).toEqual([
      LORA,
      'output/flux_train_replicate/captions/photo-1.txt',
      'output/flux_train_replicate/config.yaml',
    ])
    const lora = untar(first, '-xO', LORA)
    const read = async (offset: number, length: number) => lora.subarray(offset, offset + length)
    const header = await readSafetensorsHeader({ read, sizeBytes: lora.byteLength })
    expect(header.tensors[0]).toMatchObject({ shape: [2, 256] })
    expect(await weightsOf(await world.finish((await world.train()).id))).toEqual(first)
    const input = { input_images: world.datasetUrl, trigger_word: 'TOK', lora_rank: 2, steps: 101 }
    expect(await weightsOf(await world.finish((await world.train({ input })).id))).not.toEqual(first)
  })

  test('gives its weights in ranges too, bound to their ETag', async () => {
    await start()
    const { output } = await world.finish((await world.train()).id)
    const { weights } = output as { weights: string }
    const whole = await fetch(weights)
    const bytes = Buffer.from(await whole.arrayBuffer())
    const etag = whole.headers.get('etag') ?? ''
    expect(whole.headers.get('content-length')).toBe(String(bytes.byteLength))
    const range = { range: 'bytes=512-1023' }
    const part = await fetch(weights, { headers: { ...range, 'if-range': etag } })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 512-1023/${bytes.byteLength}`])
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(512, 1024))
    expect((await fetch(weights, { headers: { ...range, 'if-range': '"other"' } })).status).toBe(200)
    expect((await fetch(weights, { headers: { range: 'bytes=99999999-' } })).status).toBe(416)
  })

  test('and its weights are gone after an hour; the version stays', async () => {
    await start()
    const { id, output } = await world.finish((await world.train()).id)
    const { weights } = output as { weights: string }
    world.clock.advance(3_600_000)
    expect((await fetch(weights)).status).toBe(404)
    expect(await world.read(`/trainings/${id}`)).toMatchObject({
      status: 'succeeded',
      output: null,
      logs: null,
      data_removed: true,
      input: {},
    })
    expect(await world.read(`/models/${destination}`)).toMatchObject({ latest_version: { id: expect.any(String) } })
  })

  test('that is canceled before it starts looks like the recorded one; later and twice it stays as it ended', async () => {
    await start()
    const early = await world.train()
    const canceled = (await (await world.send('POST', `/trainings/${early.id}/cancel`)).json()) as Json
    const theirs = recordedBody('training-cancel-200')
    expect(sortedKeys(canceled)).toEqual([...sortedKeys(theirs), 'data_removed'].sort())
    expect(canceled).toMatchObject({ status: 'canceled', output: null, metrics: { predict_time: 3e-6 } })
    const late = await world.train()
    world.clock.advance(1000)
    await until(async () => (await world.read(`/trainings/${late.id}`)).status === 'processing')
    world.clock.advance(4000)
    await world.send('POST', `/trainings/${late.id}/cancel`)
    expect(await world.finish(late.id)).toMatchObject({ status: 'canceled', metrics: { predict_time: 4 } })
    const { id } = await world.finish((await world.train()).id)
    expect(await (await world.send('POST', `/trainings/${id}/cancel`)).json()).toMatchObject({ status: 'succeeded' })
  })

  test('fails after its start where the photos are no zip, or gone when it fetches them', async () => {
    await start()
    let status = 200
    const host = await startReceiver(() => status)
    const input = { input_images: `${host.url}/photos.zip?X-Goog-Signature=secret` }
    const noZip = await world.finish((await world.train({ input })).id)
    expect(noZip).toMatchObject({ status: 'failed', error: 'Input images must be a zip file', output: null })
    status = 403
    const { error } = await world.finish((await world.train({ input })).id)
    expect(error).toBe(`Failed to download ${host.url}/photos.zip: 403 Forbidden`)
    const elsewhere = { input_images: 'https://photos.example.test/photos.zip' }
    expect(await world.finish((await world.train({ input: elsewhere })).id)).toMatchObject({ status: 'failed' })
    expect(host.received).toHaveLength(2)
    await host.close()
  })

  test('is listed among trainings only, the newest first, a hundred a page', async () => {
    await start()
    const ids: unknown[] = []
    for (let count = 0; count < 101; count++) ids.unshift((await world.train()).id)
    const first = await world.read('/trainings')
    const second = (await (await fetch(String(first.next), { headers: auth })).json()) as Json
    const listed = [first, second].flatMap((page) => (page.results as Json[]).map(({ id }) => id))
    expect(listed).toEqual(ids)
    expect([first.previous, second.next]).toEqual([null, null])
    expect(await world.read('/predictions')).toMatchObject({ results: [] })
  })

  test('makes a model that paints what it is told, as many pictures as asked for', async () => {
    await start({ queueMs: 0, runMs: 0 })
    const { output } = await world.finish((await world.train()).id)
    const { version } = output as { version: string }
    const input = { prompt: 'a photo of TOK', num_outputs: 2, aspect_ratio: '16:9', output_format: 'png' }
    const painted = await world.send('POST', '/predictions', { version, input }, { prefer: 'wait' })
    const { status, output: urls } = (await painted.json()) as { status: string; output: string[] }
    expect([status, urls.length]).toEqual(['succeeded', 2])
    const picture = sharp(await (await fetch(urls[0]!)).arrayBuffer())
    expect(await picture.metadata()).toMatchObject({ format: 'png', width: 640, height: 360 })
    expect((await world.send('POST', '/predictions', { version, input: {} })).status).toBe(422)
  })
})

describe('refuses, and bills nothing for', () => {
  const inputOf = (rest: Json) => ({ destination, input: { input_images: world.datasetUrl, ...rest } })
  test.each<[string, number, string, () => Promise<Response>]>([
    ['no token', 401, 'token', () => world.send('POST', trainingsPath, inputOf({}), { authorization: '' })],
    [
      'a destination that is not there',
      404,
      'The specified training destination does not exist',
      () => world.send('POST', trainingsPath, { ...inputOf({}), destination: `${destination}-2` }),
    ],
    [
      'another trainer',
      404,
      'could not be found',
      () => world.send('POST', trainingsPath.replace('ostris', 'someone'), inputOf({})),
    ],
    [
      'another version of it',
      422,
      'version does not exist',
      () => world.send('POST', trainingsPath.replace(/[0-9a-f]{64}/, 'f'.repeat(64)), inputOf({})),
    ],
    [
      'too few steps',
      422,
      'input.steps: Must be greater than or equal to 3',
      () => world.send('POST', trainingsPath, inputOf({ steps: 2 })),
    ],
    [
      'a resolution that is no text',
      422,
      'input.resolution: Invalid type. Expected: string',
      () => world.send('POST', trainingsPath, inputOf({ resolution: 512 })),
    ],
    [
      'an unknown optimizer',
      422,
      'input.optimizer',
      () => world.send('POST', trainingsPath, inputOf({ optimizer: 'sgd' })),
    ],
    ['no photos', 422, 'input_images is required', () => world.send('POST', trainingsPath, { destination, input: {} })],
    [
      'a webhook without https',
      422,
      'https',
      () => world.send('POST', trainingsPath, { ...inputOf({}), webhook: 'http://hooks.example.test' }),
    ],
    [
      'a model that is there',
      409,
      'already exists',
      () =>
        world.send('POST', '/models', {
          owner: destination.split('/')[0],
          name: 'portrait',
          visibility: 'private',
          hardware: 'cpu',
        }),
    ],
    [
      'a model of somebody else',
      403,
      'permission',
      () => world.send('POST', '/models', { owner: 'other', name: 'x', visibility: 'private', hardware: 'cpu' }),
    ],
    ['a model that is not there', 404, 'could not be found', () => world.send('GET', `/models/${destination}-2`)],
    ['a training that is not there', 404, 'could not be found', () => world.send('GET', '/trainings/x')],
  ])('%s: %d', async (_name, status, detail, send) => {
    await start()
    const response = await send()
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
    expect(String(((await response.json()) as Json).detail)).toContain(detail)
    expect(world.requests.filter(({ charged }) => charged)).toEqual([])
    expect(await world.read('/trainings')).toMatchObject({ results: [] })
  })

  test('an account without credit', async () => {
    await start({ credit: 0 })
    expect(await world.train()).toMatchObject({ status: 402, title: 'Insufficient credit' })
  })
})

describe('faults', () => {
  test.each<[kind: string, ends: Json]>([
    ['failed', { status: 'failed', error: 'CUDA out of memory.', output: null }],
    ['canceled', { status: 'canceled', output: null }],
    ['aborted', { status: 'aborted', output: null, error: expect.stringContaining('aborted') }],
    ['data-removed', { status: 'succeeded', output: null, data_removed: true }],
  ])('a training that is %s', async (kind, ends) => {
    await start()
    const order = { fault: { kind }, endpoint: 'train' }
    const ordered = await fetch(`${world.url}/_control/faults`, { method: 'POST', body: JSON.stringify(order) })
    expect(ordered.status).toBe(201)
    expect(await world.finish((await world.train()).id)).toMatchObject(ends)
    const { latest_version } = await world.read(`/models/${destination}`)
    expect(latest_version === null).toBe(kind !== 'data-removed')
  })

  test('a run fault without an endpoint is about predictions, as ever', async () => {
    await start({ queueMs: 0, runMs: 0 })
    world.inject({ fault: { kind: 'failed', error: 'no' }, times: 1 })
    const { status, output } = await world.finish((await world.train()).id)
    expect(status).toBe('succeeded')
    const { version } = output as { version: string }
    const painted = await world.send('POST', '/predictions', { version, input: { prompt: 'x' } }, { prefer: 'wait' })
    expect(await painted.json()).toMatchObject({ status: 'failed', error: 'no' })
  })

  test('weights that end in the middle lie in a whole archive', async () => {
    await start()
    world.inject({ fault: { kind: 'truncated-weights' }, times: 1 })
    const lora = untar(await weightsOf(await world.finish((await world.train()).id)), '-xO', LORA)
    const read = async (offset: number, length: number) => lora.subarray(offset, offset + length)
    await expect(readSafetensorsHeader({ read, sizeBytes: lora.byteLength })).rejects.toMatchObject({
      code: 'safetensors.lying-header',
    })
  })

  test.each([
    ['traversal', '../../../tmp/lora.safetensors'],
    ['absolute', '/tmp/lora.safetensors'],
    ['symlink', `${LORA} -> /etc/passwd`],
    ['two-weights', 'output/other/lora.safetensors'],
  ] as const)('an archive with %s', async (how, listing) => {
    await start()
    world.inject({ fault: { kind: 'hostile-archive', how }, times: 1 })
    const archive = await weightsOf(await world.finish((await world.train()).id))
    expect(untar(archive, '-tvP').toString()).toContain(listing)
  })

  test.each([
    ['no-weights', true],
    ['not-a-tar', false],
  ] as const)('an archive with %s', async (how, isTar) => {
    await start()
    world.inject({ fault: { kind: 'hostile-archive', how }, times: 1 })
    const archive = await weightsOf(await world.finish((await world.train()).id))
    expect(archive.subarray(257, 262).toString() === 'ustar').toBe(isTar)
    if (isTar) expect(untar(archive, '-t').toString()).not.toContain('lora')
  })

  test('a creation whose answer is lost is billed, and listed when it was said, or never', async () => {
    await start()
    world.inject({ fault: { kind: 'lost-answer' }, times: 1, endpoint: 'train' })
    world.inject({ fault: { kind: 'lost-answer', listed: 30 }, times: 1, endpoint: 'train' })
    world.inject({ fault: { kind: 'lost-answer', listed: 'never' }, times: 1, endpoint: 'train' })
    world.inject({ fault: { kind: 'reset' }, times: 1, endpoint: 'train' })
    for (let count = 0; count < 4; count++) await expect(world.train()).rejects.toThrow()
    const creations = world.requests.filter(({ endpoint }) => endpoint === 'train')
    expect(creations.map(({ charged }) => charged)).toEqual([true, true, true, false])
    const listed = async () => ((await world.read('/trainings')).results as Json[]).map(({ id }) => id)
    const [first, second, third] = creations.map(({ runId }) => runId)
    expect(await listed()).toEqual([first])
    world.clock.advance(29_999)
    expect(await listed()).toEqual([first])
    world.clock.advance(1)
    expect(await listed()).toEqual([second, first])
    expect((await world.send('GET', `/trainings/${third}`)).status).toBe(200)
  })
})
