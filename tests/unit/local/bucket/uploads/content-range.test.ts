import { parseUploadRange } from '#local/bucket/uploads/content-range.ts'

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
