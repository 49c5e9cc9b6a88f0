import { parseShardIndex } from '#shared/formats/shard-index.ts'

const parse = (index: unknown, path = 'model.safetensors.index.json') =>
  parseShardIndex({ bytes: Buffer.from(typeof index === 'string' ? index : JSON.stringify(index)), path })

test('the shards are listed once each, in order, with what the index says of them', () => {
  const index = {
    metadata: { total_size: 4096 },
    weight_map: {
      a: 'm-00002-of-00002.safetensors',
      b: 'm-00001-of-00002.safetensors',
      c: 'm-00002-of-00002.safetensors',
    },
  }
  expect(parse(index)).toEqual({
    shards: ['m-00001-of-00002.safetensors', 'm-00002-of-00002.safetensors'],
    tensorCount: 3,
    totalBytes: 4096,
  })
})

test('shards lie beside their index', () => {
  const index = { weight_map: { a: 'x.safetensors' } }
  expect(parse(index, 'text_encoder_2/model.safetensors.index.json')).toMatchObject({
    shards: ['text_encoder_2/x.safetensors'],
    totalBytes: null,
  })
})

test.each([
  '../x.safetensors',
  '/x.safetensors',
  'a\\x.safetensors',
  'a//x.safetensors',
  'a\n.safetensors',
  'C:x.safetensors',
])('a shard at %j is refused, also where its folder would make it harmless', (shard) => {
  const refused = expect.objectContaining({ code: 'model.bad-path', retryable: false })
  expect(() => parse({ weight_map: { a: shard } }, 'unet/deep/i.json')).toThrow(refused)
})

test.each<[what: string, index: unknown]>([
  ['not JSON', '{'],
  ['an array', '[]'],
  ['null', 'null'],
  ['without weights', { metadata: {} }],
  ['with an empty map', { weight_map: {} }],
  ['with a list for a map', { weight_map: ['a.safetensors'] }],
  ['with a shard that is no name', { weight_map: { a: 1 } }],
  ['with shards of pickles', { weight_map: { a: 'pytorch_model-00001.bin' } }],
])('an index that is %s is refused', (_what, index) => {
  expect(() => parse(index)).toThrow(expect.objectContaining({ code: 'safetensors.bad-index', retryable: false }))
})

test('an index of absurd length is refused unread', () => {
  const bytes = Buffer.alloc(32 * 1024 * 1024 + 1, ' ')
  expect(() => parseShardIndex({ bytes, path: 'i.json' })).toThrow(
    expect.objectContaining({ code: 'safetensors.bad-index' }),
  )
})
