import { resolveByteRange } from '#local/byte-range.ts'

test.each([
  [null, 10, null],
  ['bytes=0-0', 10, { first: 0, last: 0 }],
  ['bytes=2-', 10, { first: 2, last: 9 }],
  ['bytes=-3', 10, { first: 7, last: 9 }],
  ['bytes=-30', 10, { first: 0, last: 9 }],
  ['bytes=5-99', 10, { first: 5, last: 9 }],
  ['bytes=-', 10, null],
  ['bytes=5-2', 10, null],
  ['bytes=0-1,3-4', 10, null],
  ['items=0-1', 10, null],
])('Range %j of %i bytes is %j', (header, sizeBytes, expected) => {
  expect(resolveByteRange(header, sizeBytes)).toEqual(expected)
})

test.each([
  ['bytes=10-', 10],
  ['bytes=0-', 0],
  ['bytes=-0', 10],
  ['bytes=-1', 0],
])('Range %j of %i bytes cannot be satisfied', (header, sizeBytes) => {
  expect(resolveByteRange(header, sizeBytes)).toBe('unsatisfiable')
})
