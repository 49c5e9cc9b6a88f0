import { readDataUrl, toDataUrl } from '#shared/replicate/data-url.ts'
import { type OutputShape, pickOutput } from '#shared/replicate/outputs.ts'

test.each<[output: unknown, shape: OutputShape, url: string | null]>([
  ['a', 'single', 'a'],
  ['a', 'first', 'a'],
  ['a', 'last', 'a'],
  [['a'], 'single', 'a'],
  [['a', 'b'], 'single', null],
  [['a', 'b'], 'first', 'a'],
  [['a', 'b'], 'last', 'b'],
  [[], 'first', null],
  [[], 'last', null],
  ['', 'single', null],
  [['a', ''], 'first', null],
  [['a', 1], 'first', null],
  [null, 'single', null],
  [undefined, 'single', null],
  [{ image: 'a' }, 'single', null],
  [[['a']], 'first', null],
  [7, 'single', null],
])('of the output %j, %s means %j', (output, shape, url) => {
  expect(pickOutput(output, shape)).toBe(url)
})

test('a data URL gives back what went into it', () => {
  const bytes = Buffer.from([0, 1, 255, 128])
  expect(readDataUrl(toDataUrl(bytes, 'image/png'))).toEqual({ bytes, contentType: 'image/png' })
})

test.each([
  ['data:image/png;base64,AAAA', 'image/png'],
  ['DATA:Image/PNG;charset=x;BASE64,AAAA', 'image/png'],
  ['data:;base64,AAAA', ''],
])('%s is of the type %j', (url, contentType) => {
  expect(readDataUrl(url)).toEqual({ bytes: Buffer.from([0, 0, 0]), contentType })
})

test.each(['data:image/png,AAAA', 'data:image/png;base64', 'https://x.test/a,b', ''])(
  '%j is no base64 data URL',
  (url) => {
    expect(readDataUrl(url)).toBeNull()
  },
)
