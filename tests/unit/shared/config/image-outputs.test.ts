import { loadConfig } from '#shared/config/load.ts'
import type { Environment } from '#shared/config/variable.ts'

const load = (env: Environment) =>
  loadConfig('image-worker', { GOOGLE_CLOUD_PROJECT: 'demo', STORAGE_BUCKET: 'demo.appspot.com', ...env })

test('without a word nothing but the PNG is published, nothing is trimmed, nothing is scanned', () => {
  expect(load({})).toMatchObject({
    SHOWCASE_VARIANTS: [],
    SHOWCASE_THUMBNAILS: [],
    SHOWCASE_TRIM: false,
    CLAMD_HOST: null,
    BACKGROUND_MODEL: null,
  })
})

test.each<[given: string, host: string, port: number]>([
  ['127.0.0.1:3310', '127.0.0.1', 3310],
  ['clamd.internal:1', 'clamd.internal', 1],
  ['[::1]:3310', '::1', 3310],
])('CLAMD_HOST=%s', (given, host, port) => {
  expect(load({ CLAMD_HOST: given }).CLAMD_HOST).toEqual({ host, port })
})

test('numbers per channel are read as they are written', () => {
  const config = load({ BACKGROUND_MODEL_MEAN: '0, 0.5,1', BACKGROUND_MODEL_STD: '1,1,1' })
  expect(config.BACKGROUND_MODEL_MEAN).toEqual([0, 0.5, 1])
  expect(config.BACKGROUND_MODEL_STD).toEqual([1, 1, 1])
})

test.each<[name: string, value: string]>([
  ['CLAMD_HOST', '127.0.0.1'],
  ['CLAMD_HOST', '127.0.0.1:0'],
  ['CLAMD_HOST', '127.0.0.1:65536'],
  ['CLAMD_HOST', 'tcp://127.0.0.1:3310'],
  ['CLAMD_HOST', '::1:3310'],
  ['SHOWCASE_VARIANTS', 'webp,gif'],
  ['SHOWCASE_THUMBNAILS', '256,0'],
  ['SHOWCASE_THUMBNAILS', '256x256'],
  ['SHOWCASE_TRIM', 'yes'],
  ['SHOWCASE_TRIM_MARGIN', '101'],
  ['BACKGROUND_MODEL', 'gs://bucket'],
  ['BACKGROUND_MODEL', 'gs://bucket/folder/'],
  ['BACKGROUND_MODEL_MEAN', '0.5'],
  ['BACKGROUND_MODEL_MEAN', '0.5,,0.5'],
  ['BACKGROUND_MODEL_MEAN', '0.5,0.5,0.5,0.5'],
  ['BACKGROUND_MODEL_STD', '1,1,0'],
  ['BACKGROUND_MODEL_STD', '1,1,a'],
])('%s=%s stops the start with the name of the variable', (name, value) => {
  expect(() => load({ [name]: value })).toThrow(`${name} is "`)
})

test('the provider onnx needs a model', () => {
  expect(() => load({ BACKGROUND_PROVIDERS: 'onnx,local' })).toThrow(/names onnx, which needs BACKGROUND_MODEL/)
  expect(load({ BACKGROUND_PROVIDERS: 'onnx', BACKGROUND_MODEL: '/models/a.onnx' })).toMatchObject({
    BACKGROUND_PROVIDERS: ['onnx'],
  })
})

test('onnx does not upscale', () => {
  expect(() => load({ UPSCALE_PROVIDERS: 'onnx', BACKGROUND_MODEL: '/models/a.onnx' })).toThrow(/UPSCALE_PROVIDERS/)
})
