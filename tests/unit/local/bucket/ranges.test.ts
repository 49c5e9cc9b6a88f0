import { resolveByteRange } from '#local/bucket/byte-range.ts'
import { parseUploadRange } from '#local/bucket/content-range.ts'

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
  expect(() => resolveByteRange(header, sizeBytes)).toThrow('requested range')
})

test.each([
  [null, { kind: 'whole' }],
  ['bytes */*', { kind: 'query', totalBytes: null }],
  ['bytes */5', { kind: 'query', totalBytes: 5 }],
  ['bytes 0-4/5', { kind: 'bytes', first: 0, last: 4, totalBytes: 5 }],
  ['bytes 0-4/*', { kind: 'bytes', first: 0, last: 4, totalBytes: null }],
  ['bytes 7-*/*', { kind: 'bytes', first: 7, last: null, totalBytes: null }],
  ['bytes 7-*/9', { kind: 'bytes', first: 7, last: null, totalBytes: 9 }],
])('Content-Range %j is %j', (header, expected) => {
  expect(parseUploadRange(header)).toEqual(expected)
})

test.each(['bytes', 'bytes 0-4', 'bytes a-b/c', 'bytes */', '0-4/5'])('Content-Range %j is refused', (header) => {
  expect(() => parseUploadRange(header)).toThrow('Content-Range')
})
