import { ObjectScanner, parseJson, ScanError } from '#shared/formats/object-scanner.ts'

/** The object's members as an ordinary parser has them, with the text cut at these places. */
function scan(text: string, cuts: readonly number[], maxValueBytes = 1000): [string, unknown][] {
  const bytes = Buffer.from(text)
  const scanner = new ObjectScanner({ maxKeyBytes: 100, maxValueBytes: () => maxValueBytes })
  const members: [string, unknown][] = []
  const edges = [0, ...cuts, bytes.length]
  for (const [index, from] of edges.slice(0, -1).entries()) {
    for (const { key, value } of scanner.push(bytes.subarray(from, edges[index + 1])))
      members.push([key, parseJson(value)])
  }
  scanner.end()
  return members
}

const texts = [
  '{}',
  '{ }  ',
  '{"a":1}',
  '{"a":{"b":[1,{"c":"}]"}]},"":null,"d" : -1.5e3 , "e":[]}',
  '{"\\\\":"\\\\","\\"":"\\"","\\\\\\"":["\\\\\\"}"]}',
  '{"é😀\\u00e9":"😀","x":true\n}',
  '{"a":"\\\\\\\\\\\\"}',
]

test.each(texts)('%s is read as JSON.parse reads it, wherever its chunks are cut', (text) => {
  const expected = Object.entries(JSON.parse(text))
  const length = Buffer.byteLength(text)
  for (let first = 0; first <= length; first += 1) {
    for (let second = first; second <= length; second += 1) expect(scan(text, [first, second])).toEqual(expected)
  }
  expect(
    scan(
      text,
      Array.from({ length }, (_, index) => index),
    ),
  ).toEqual(expected)
})

test('members of the same name are all seen', () => {
  expect(scan('{"a":1,"a":2}', [])).toEqual([
    ['a', 1],
    ['a', 2],
  ])
})

test('every shorter start of an object is refused, in whatever chunks', () => {
  for (const text of texts.map((one) => one.trimEnd())) {
    const bytes = Buffer.from(text)
    for (let end = 0; end < bytes.length; end += 1) {
      const scanner = new ObjectScanner({ maxKeyBytes: 100, maxValueBytes: () => 100 })
      for (const byte of bytes.subarray(0, end)) for (const _ of scanner.push(Buffer.of(byte)));
      expect(() => scanner.end()).toThrow(ScanError)
    }
  }
})

test('a part over its limit is refused as soon as that is known', () => {
  const scanner = new ObjectScanner({ maxKeyBytes: 100, maxValueBytes: () => 100 })
  const push = (text: string) => [...scanner.push(Buffer.from(text))]
  push(`{"a":"${'x'.repeat(90)}`)
  expect(() => push('x'.repeat(20))).toThrow(ScanError)
})

test('a value nested a million deep is only delimited', () => {
  const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`
  const scanner = new ObjectScanner({ maxKeyBytes: 100, maxValueBytes: () => 3_000_000 })
  const members = [...scanner.push(Buffer.from(`{"a":${deep}}`))]
  scanner.end()
  expect(members.map(({ value }) => value.length)).toEqual([2_000_000])
})
