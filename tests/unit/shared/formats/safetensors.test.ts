import { readFileSync } from 'node:fs'
import { readSafetensorsHeader } from '#shared/formats/safetensors.ts'
import { readerOf, safetensorsFile, safetensorsStart, tensorEntries } from '../../../support/safetensors-file.ts'

interface Vector {
  name: string
  base64: string
  bytes: number
  expect: {
    ok: boolean
    headerBytes?: number
    metadata?: Record<string, string> | null
    tensors?: number
    params?: Record<string, number>
  }
}

const vectors: { cases: Vector[] } = JSON.parse(
  readFileSync(new URL('../../../fixtures/formats/safetensors-vectors.json', import.meta.url), 'utf8'),
)
const lying = { code: 'safetensors.lying-header', retryable: false }
const readWhole = (file: Buffer) => readSafetensorsHeader({ sizeBytes: file.length, read: readerOf(file) })
const one = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] }

describe.each(vectors.cases)('the recorded file $name', ({ base64, bytes, expect: expected }) => {
  const file = Buffer.from(base64, 'base64')

  test(expected.ok ? 'is read as it is' : 'is refused', async () => {
    expect(file).toHaveLength(bytes)
    if (!expected.ok) {
      await expect(readWhole(file)).rejects.toMatchObject(lying)
      return
    }
    const header = await readWhole(file)
    if (expected.headerBytes !== undefined) expect(header.headerBytes).toBe(expected.headerBytes)
    expect(header.metadata && Object.fromEntries(header.metadata)).toEqual(expected.metadata)
    expect(header.tensorCount).toBe(expected.tensors)
    const parameters = [...header.dtypes].map(([dtype, total]) => [dtype, total.parameters])
    expect(Object.fromEntries(parameters)).toEqual(expected.params)
  })
})

describe('a header that holds is read', () => {
  test.each<[what: string, header: unknown, dataBytes: number]>([
    ['padded with spaces', `${JSON.stringify({ w: one })}${' '.repeat(7)}`, 16],
    ['written with white space', JSON.stringify({ __metadata__: { format: 'pt' }, w: one }, null, 2), 16],
    ['without metadata in so many words', { __metadata__: null, w: one }, 16],
    ['with tensors in another order than their data', { b: { ...one, data_offsets: [16, 32] }, a: one }, 32],
    [
      'with an empty tensor between others',
      { ...tensorEntries({ a: ['F32', 2], b: ['F16', 0, 9], c: ['U8', 3] }) },
      11,
    ],
    [
      'with an empty tensor named behind what it precedes',
      { a: one, b: { dtype: 'U8', shape: [0], data_offsets: [0, 0] } },
      16,
    ],
    ['with a data type of the future', { w: { dtype: 'F2_E1M0', shape: [8], data_offsets: [0, 2] } }, 2],
    ['with elements of less than a byte', { w: { dtype: 'F4', shape: [3, 2], data_offsets: [0, 3] } }, 3],
    [
      'with names that are JavaScript traps',
      { ['__proto__']: one, constructor: { ...one, data_offsets: [16, 32] } },
      32,
    ],
    ['with escapes and brackets in a name', { '"}]\\{[,': one }, 16],
  ])('%s', async (_what, header, dataBytes) => {
    const { tensorCount, dataBytes: read } = await readWhole(safetensorsFile(header, dataBytes))
    expect(tensorCount).toBeGreaterThan(0)
    expect(read).toBe(dataBytes)
  })
})

describe('a header that lies is refused', () => {
  test.each<[why: RegExp, header: unknown, dataBytes: number]>([
    [/no tensor/, {}, 0],
    [/no tensor/, { __metadata__: { a: 'b' } }, 0],
    [/reach the end/, { w: one }, 17],
    [/beyond the end/, { w: one }, 15],
    [/another size/, { w: { ...one, shape: [2, 3] } }, 16],
    [/another size/, { w: { dtype: 'F4', shape: [3], data_offsets: [0, 1] } }, 1],
    [/ends before/, { w: { ...one, data_offsets: [16, 0] } }, 16],
    [/hole/, { a: one, b: { ...one, data_offsets: [17, 33] } }, 33],
    [/hole/, { a: { ...one, data_offsets: [4, 20] } }, 20],
    [/overlap/, { a: one, b: { ...one, data_offsets: [8, 24] } }, 24],
    [/overlap/, { a: one, b: one }, 16],
    [/overlap/, { a: one, b: { dtype: 'U8', shape: [0], data_offsets: [8, 8] } }, 16],
    [/shape/, { w: { ...one, shape: [-2, -2] } }, 16],
    [/shape/, { w: { ...one, shape: [1.5] } }, 16],
    [/shape/, { w: { ...one, shape: '2x2' } }, 16],
    [/impossible shape/, { w: { dtype: 'F32', shape: [2 ** 31, 2 ** 31, 2 ** 31], data_offsets: [0, 16] } }, 16],
    [/smaller than its shape/, { w: { dtype: 'X1', shape: [2 ** 50], data_offsets: [0, 16] } }, 16],
    [/offsets/, { w: { ...one, data_offsets: [0] } }, 16],
    [/offsets/, { w: { ...one, data_offsets: ['0', '16'] } }, 16],
    [/offsets/, `{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,1e999]}}`, 16],
    [/data type/, { w: { ...one, dtype: 7 } }, 16],
    [/data type/, { w: { ...one, dtype: '<script>' } }, 16],
    [/no object/, { w: 'weights' }, 16],
    [/no object/, { w: null }, 16],
    [/twice/, `{"w":${JSON.stringify(one)},"w":${JSON.stringify(one)}}`, 16],
    [/twice/, `{"w":${JSON.stringify(one)},"\\u0077":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 16],
    [/metadata names something twice/, `{"__metadata__":{"a":"1","a":"2"},"w":${JSON.stringify(one)}}`, 16],
    [/no text/, { __metadata__: { step: 7 }, w: one }, 16],
    [/does not begin/, { __metadata__: [], w: one }, 16],
    [/does not begin/, ' {}', 0],
    [/does not begin/, '[1,2]', 0],
    [/ends in the middle/, `{"w":${JSON.stringify(one)}`, 16],
    [/ends in the middle/, '{"w', 16],
    [/name is missing/, `{"w":${JSON.stringify(one)},}`, 16],
    [/colon/, `{"w" ${JSON.stringify(one)}}`, 16],
    [/value is missing/, '{"w":}', 16],
    [/comma/, `{"w":${JSON.stringify(one)} "x":1}`, 16],
    [/follows/, `{"w":${JSON.stringify(one)}} {}`, 16],
    [/not valid JSON/, `{"w":{"dtype":"F32","shape":[2,2},"data_offsets":[0,16]]}`, 16],
    [/brackets/, '{"w":]}', 16],
    [/not valid JSON/, `{"w":{'dtype':1}}`, 16],
    [/not valid JSON/, '{"\\x":1}', 16],
  ])('because of %s: %j', async (why, header, dataBytes) => {
    const reading = readWhole(safetensorsFile(header, dataBytes))
    await expect(reading).rejects.toMatchObject({ ...lying, message: expect.stringMatching(why) })
  })

  test.each<[what: string, why: RegExp, header: unknown]>([
    [
      'its metadata is endless',
      /absurdly many/,
      { __metadata__: Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [i, ''])), w: one },
    ],
    ['an entry is endless', /absurdly long/, { w: { ...one, note: 'x'.repeat(9000) } }],
    ['a name is endless', /absurdly long/, { ['n'.repeat(9000)]: one }],
  ])('when %s', async (_what, why, header) => {
    const reading = readWhole(safetensorsFile(header, 16))
    await expect(reading).rejects.toMatchObject({ ...lying, message: expect.stringMatching(why) })
  })

  test('when a name is not UTF-8', async () => {
    const file = safetensorsFile({ w: one }, 16)
    file[10] = 0xff
    await expect(readWhole(file)).rejects.toMatchObject({ ...lying, message: expect.stringMatching(/UTF-8/) })
  })

  test('and its text never comes into the message', async () => {
    const file = safetensorsFile({ ['<b>\u202E\n'.repeat(200)]: { ...one, shape: [9] } }, 16)
    const error = await readWhole(file).catch(
      (caught: unknown) => caught as { message: string; facts: { name: string } },
    )
    expect(error).toMatchObject({ ...lying, message: expect.not.stringContaining('<b>') })
    expect((error as { facts: { name: string } }).facts.name).toMatch(/^<b> <b>[^\n\u202E]*$/)
  })
})

describe('nothing is allocated or read for a length', () => {
  test.each([2n ** 63n, 2n ** 64n - 1n, 2n ** 53n, 1_000_000n])(
    'of %s bytes that the file cannot have',
    async (length) => {
      const start = Buffer.alloc(64)
      start.writeBigUInt64LE(length)
      start.write('{', 8)
      const reads: { offset: number; length: number }[] = []
      const reading = readSafetensorsHeader({ sizeBytes: 64, read: readerOf(start, reads) })
      await expect(reading).rejects.toMatchObject(lying)
      expect(reads).toEqual([{ offset: 0, length: 64 }])
    },
  )

  test('that fits a huge file and is over the limit', async () => {
    const start = safetensorsStart('{'.padEnd(2_000_000))
    start.writeBigUInt64LE(26n * 1024n * 1024n)
    const reads: { offset: number; length: number }[] = []
    const reading = readSafetensorsHeader({ sizeBytes: 2 ** 40, read: readerOf(start, reads) })
    await expect(reading).rejects.toMatchObject({ code: 'safetensors.header-too-large', retryable: false })
    expect(reads).toHaveLength(1)
  })
})

test('a header that names more tensors than anybody has is refused', async () => {
  const entry = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
  const names = Array.from({ length: 255_000 }, (_, index) => `"${index.toString(36)}":${entry}`)
  const start = safetensorsStart(`{${names.join(',')}}`)
  const reads: { offset: number; length: number }[] = []
  const reading = readSafetensorsHeader({ sizeBytes: start.length, read: readerOf(start, reads) })
  await expect(reading).rejects.toMatchObject({ ...lying, message: expect.stringMatching(/absurdly many/) })
  expect(reads.length).toBeLessThanOrEqual(Math.ceil(start.length / 2 ** 20))
})

test('a file whose start cannot be read is tried again and not condemned', async () => {
  const start = safetensorsStart({ w: one }).subarray(0, 40)
  const reading = readSafetensorsHeader({ sizeBytes: 1000, read: readerOf(start) })
  await expect(reading).rejects.toMatchObject({ code: 'safetensors.short-read', retryable: true })
})

test('a header of 20 MB is read in windows, its long metadata left out, without holding up the event loop', async () => {
  const tensors: Record<string, ['F16', ...number[]]> = {}
  const name = 'mlp.experts.'.repeat(11)
  for (let i = 0; i < 90_000; i += 1) tensors[`model.layers.${i}.${name}weight`] = ['F16', 2, 2]
  const metadata = { format: 'pt', thumbnail: 'x'.repeat(3_000_000), 'modelspec.title': 'Large' }
  const start = safetensorsStart({ __metadata__: metadata, ...tensorEntries(tensors) })
  expect(start.length).toBeGreaterThan(20_000_000)
  const reads: { offset: number; length: number }[] = []
  let turns = 0
  const timer = setInterval(() => {
    turns += 1
  }, 1)
  const read = readerOf(start, reads)
  const header = await readSafetensorsHeader({
    sizeBytes: start.length + 90_000 * 8,
    read: async (offset, length) => {
      await new Promise((resolve) => setImmediate(resolve))
      return await read(offset, length)
    },
  })
  clearInterval(timer)
  expect(header.tensorCount).toBe(90_000)
  expect(header.tensors).toHaveLength(20_000)
  expect(header.dtypes.get('F16')).toEqual({ bytes: 720_000, parameters: 360_000, tensors: 90_000 })
  expect([...(header.metadata ?? [])]).toEqual([
    ['format', 'pt'],
    ['modelspec.title', 'Large'],
  ])
  expect(Math.max(...reads.map((one) => one.length))).toBeLessThanOrEqual(1024 * 1024)
  expect(turns).toBeGreaterThan(3)
})

test('long metadata is kept up to a limit', async () => {
  const long = 'x'.repeat(1_500_000)
  const header = await readWhole(
    safetensorsFile({ __metadata__: { a: long, b: long, c: long, d: 'short' }, w: one }, 16),
  )
  expect([...(header.metadata?.keys() ?? [])]).toEqual(['a', 'b', 'd'])
})

test('a header is read across the windows', async () => {
  const entries = tensorEntries({ 'a\\"b': ['F32', 2], 'é😀': ['F16', 3], c: ['U8'] })
  for (let shift = 0; shift < 200; shift += 13) {
    const pad = 'x'.repeat(1024 * 1024 - 128 - shift)
    const header = await readWhole(safetensorsFile({ __metadata__: { pad, 'q"': '\\"}' }, ...entries }, 15))
    expect(header.tensors.map(({ name }) => name)).toEqual(['a\\"b', 'é😀', 'c'])
    expect(header.metadata?.get('q"')).toBe('\\"}')
  }
})

test('a header that comes in pieces of any size is read all the same', async () => {
  const file = safetensorsFile({ __metadata__: { format: 'pt' }, w: one }, 16)
  for (let piece = 8; piece <= file.length; piece += 1) {
    const header = await readSafetensorsHeader({
      sizeBytes: file.length,
      read: async (offset, length) => file.subarray(offset, offset + Math.min(length, piece)),
    })
    expect(header.tensorCount).toBe(1)
  }
})
