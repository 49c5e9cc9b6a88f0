import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { ConfigError } from '#shared/errors/app-error.ts'
import type { ModelStore } from '../../../../../../services/image-worker/providers/onnx/model-file.ts'
import {
  createOnnxBackgroundProvider,
  type OnnxBackgroundOptions,
  type OnnxBackgroundProvider,
} from '../../../../../../services/image-worker/providers/onnx/onnx-background-provider.ts'
import { findOnnxRuntime } from '../../../../../../services/image-worker/providers/onnx/onnx-runtime.ts'
import type { ProviderImage } from '../../../../../../services/image-worker/providers/provider.ts'
import { tinyMaskModel } from '../../../../../support/onnx-model.ts'

const asItIs = { mean: [0, 0, 0], std: [1, 1, 1], size: null } as const
const call = { signal: new AbortController().signal, jobId: 'job' }
const noStore: ModelStore = {
  stat: async () => null,
  // biome-ignore lint/correctness/useYield: a store that holds nothing
  async *readStream() {
    throw new Error('Nothing is to be read.')
  },
}

let folder: string
const providers: OnnxBackgroundProvider[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-test-'))
})
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.close()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function open(model: string, more: Partial<OnnxBackgroundOptions> = {}): OnnxBackgroundProvider {
  const provider = createOnnxBackgroundProvider({ model, options: asItIs, store: noStore, ...more })
  providers.push(provider)
  return provider
}

async function modelFile(name: string, bytes: Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

/** A disc of `fill` on `background`, in the middle of a picture that is not square. */
async function disc(fill: string, background: string, width = 120, height = 80): Promise<ProviderImage> {
  const svg = `<svg width="${width}" height="${height}"><circle cx="60" cy="40" r="25" fill="${fill}"/></svg>`
  const bytes = await sharp({ create: { width, height, channels: 3, background } })
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer()
  return { bytes, contentType: 'image/png', width, height }
}

async function pixelAt(bytes: Buffer, x: number, y: number): Promise<number[]> {
  return [...(await sharp(bytes).extract({ left: x, top: y, width: 1, height: 1 }).raw().toBuffer())]
}

test('the mask that the model draws becomes the alpha of the picture at its full size', async () => {
  const provider = open(await modelFile('fixed.onnx', tinyMaskModel({ side: 32 })))
  const { image, credits } = await provider.removeBackground(await disc('#fff', '#000'), call)
  expect(credits).toBeNull()
  expect(image).toMatchObject({ contentType: 'image/png', width: 120, height: 80 })
  expect(await sharp(image.bytes).metadata()).toMatchObject({ format: 'png', width: 120, height: 80, hasAlpha: true })
  expect(await pixelAt(image.bytes, 60, 40)).toEqual([255, 255, 255, 255])
  expect(await pixelAt(image.bytes, 5, 5)).toEqual([0, 0, 0, 0])
  // Soft between the two: some alpha on the rim is neither.
  const alpha = await sharp(image.bytes).extractChannel('alpha').raw().toBuffer()
  expect(alpha.some((value) => value > 30 && value < 225)).toBe(true)
})

test('a model with open dimensions gets pictures of the configured size', async () => {
  const path = await modelFile('open.onnx', tinyMaskModel({ side: null }))
  const provider = open(path, { options: { ...asItIs, size: 64 } })
  const { image } = await provider.removeBackground(await disc('#fff', '#000'), call)
  expect(await pixelAt(image.bytes, 60, 40)).toEqual([255, 255, 255, 255])
  expect(await pixelAt(image.bytes, 5, 5)).toEqual([0, 0, 0, 0])
})

test('mean and std are applied per channel, and logits are taken through a sigmoid', async () => {
  // Only blue counts: red and green are divided to nothing. Blue − 0.5, over 0.05, gives ±10: logits.
  const options = { mean: [0, 0, 0.5], std: [1e9, 1e9, 0.0167], size: null } as const
  const provider = open(await modelFile('blue.onnx', tinyMaskModel({ side: 32 })), { options })
  const { image } = await provider.removeBackground(await disc('#00f', '#ff0'), call)
  expect(await pixelAt(image.bytes, 60, 40)).toEqual([0, 0, 255, 255])
  expect(await pixelAt(image.bytes, 5, 5)).toEqual([0, 0, 0, 0])
})

test('a picture in which the model sees nothing comes back whole and opaque', async () => {
  const provider = open(await modelFile('nothing.onnx', tinyMaskModel({ side: 32 })))
  const { image } = await provider.removeBackground(await disc('#000', '#000'), call)
  expect(await pixelAt(image.bytes, 60, 40)).toEqual([0, 0, 0, 255])
})

test('the event loop turns while the model works', async () => {
  const provider = open(await modelFile('loop.onnx', tinyMaskModel({ side: 1024 })))
  const picture = await disc('#fff', '#000', 1500, 1500)
  await provider.removeBackground(picture, call) // The thread and the model are there now.
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  const started = performance.now()
  await provider.removeBackground(picture, call)
  const ms = performance.now() - started
  clearInterval(timer)
  expect(turns).toBeGreaterThan(ms / 20)
})

test('pictures that come together are done one after another, each with its own answer', async () => {
  const provider = open(await modelFile('queue.onnx', tinyMaskModel({ side: 32 })))
  const fills = ['#fff', '#eee', '#ddd', '#ccc']
  const answers = await Promise.all(
    fills.map(async (fill) => provider.removeBackground(await disc(fill, '#000'), call)),
  )
  const middles = await Promise.all(answers.map(({ image }) => pixelAt(image.bytes, 60, 40)))
  expect(middles.map(([red]) => red)).toEqual([255, 238, 221, 204])
})

test.each<[name: string, bytes: Buffer, says: RegExp]>([
  ['a file that is no model', Buffer.from('<html>404</html>'), /cannot be loaded as an ONNX model/],
  ['an empty file', Buffer.alloc(0), /cannot be loaded as an ONNX model/],
  [
    'a model for one channel',
    tinyMaskModel({ side: 32, channels: 1 }),
    /shape \[1, 1, 32, 32\]; \[1, 3, height, width\]/,
  ],
])(
  '%s is a ConfigError that says so, and a good file put in its place works without a restart',
  async (_, bytes, says) => {
    const path = await modelFile('mended.onnx', bytes)
    const provider = open(path)
    const failed = provider.removeBackground(await disc('#fff', '#000'), call)
    await expect(failed).rejects.toBeInstanceOf(ConfigError)
    await expect(failed).rejects.toMatchObject({ code: 'onnx.misconfigured', message: expect.stringMatching(says) })
    await writeFile(path, tinyMaskModel({ side: 32 }))
    const { image } = await provider.removeBackground(await disc('#fff', '#000'), call)
    expect(await pixelAt(image.bytes, 60, 40)).toEqual([255, 255, 255, 255])
  },
)

test('a model that is not there is a ConfigError that names the place', async () => {
  for (const model of [join(folder, 'absent.onnx'), 'gs://models/absent.onnx']) {
    const failed = open(model).removeBackground(await disc('#fff', '#000'), call)
    await expect(failed).rejects.toMatchObject({ code: 'onnx.no-model', message: expect.stringContaining(model) })
  }
})

test('without an ONNX runtime a ConfigError says what to install', async () => {
  // A folder without node_modules above it: what a service sees that was built without a runtime.
  const findRuntime = () => findOnnxRuntime(pathToFileURL(join(folder, 'service.cjs')).href)
  const provider = open(await modelFile('any.onnx', tinyMaskModel({ side: 32 })), { findRuntime })
  const failed = provider.removeBackground(await disc('#fff', '#000'), call)
  await expect(failed).rejects.toBeInstanceOf(ConfigError)
  await expect(failed).rejects.toMatchObject({
    code: 'onnx.no-runtime',
    message: expect.stringMatching(/npm i onnxruntime-node.*npm i onnxruntime-web/),
  })
})

test('a model at gs:// is fetched once, at the generation seen, and removed when the provider closes', async () => {
  const bytes = tinyMaskModel({ side: 32 })
  const reads: string[] = []
  const store: ModelStore = {
    stat: async (object) => ({
      ...object,
      generation: '17',
      sizeBytes: bytes.length,
      contentType: null,
      timeCreated: new Date(0),
      metadata: {},
      crc32c: null,
      metageneration: '1',
    }),
    async *readStream(object, { generation }) {
      reads.push(`${object.bucket}/${object.name}#${generation}`)
      yield bytes.subarray(0, 50)
      yield bytes.subarray(50)
    },
  }
  const tempFolder = await mkdtemp(join(folder, 'temp-'))
  const provider = open('gs://models/background/tiny.onnx', { store, tempFolder })
  const picture = await disc('#fff', '#000')
  const answers = await Promise.all([1, 2].map(() => provider.removeBackground(picture, call)))
  expect(await pixelAt(answers[1]!.image.bytes, 60, 40)).toEqual([255, 255, 255, 255])
  expect(reads).toEqual(['models/background/tiny.onnx#17'])
  expect(await readdir(tempFolder)).toHaveLength(1)
  await provider.close()
  expect(await readdir(tempFolder)).toEqual([])
})

test('an aborted call rejects with the reason of the abort, and the next one is served', async () => {
  const provider = open(await modelFile('abort.onnx', tinyMaskModel({ side: 512 })))
  const stop = new AbortController()
  const reason = new Error('The instance is shutting down.')
  const aborted = provider.removeBackground(await disc('#fff', '#000'), { ...call, signal: stop.signal })
  stop.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  const { image } = await provider.removeBackground(await disc('#fff', '#000'), call)
  expect(await pixelAt(image.bytes, 60, 40)).toEqual([255, 255, 255, 255])
})
