import { Crc32c } from '#shared/objects/crc32c.ts'
import { parseContentRange, parseUnsatisfiedTotal, strongEtag } from '#shared/transfer/content-range.ts'
import { checkIsFile } from '#shared/transfer/not-a-file.ts'
import { partBytesFor, partCountOf, partRange } from '#shared/transfer/transfer-plan.ts'
import { crc32cOf } from '#shared/transfer/verify-parts.ts'

const MIB = 1024 * 1024

test.each<[string | undefined, ReturnType<typeof parseContentRange>]>([
  ['bytes 0-99/100', { first: 0, last: 99, totalBytes: 100 }],
  ['bytes 5-5/*', { first: 5, last: 5, totalBytes: null }],
  ['Bytes  1-2/3', { first: 1, last: 2, totalBytes: 3 }],
  ['bytes 9-5/100', null],
  ['bytes 0-100/100', null],
  ['bytes */100', null],
  ['items 0-1/2', null],
  ['bytes=0-1/2', null],
  ['bytes 0-1/2, 4-5/6', null],
  ['', null],
  [undefined, null],
])('Content-Range %j', (header, expected) => {
  expect(parseContentRange(header)).toEqual(expected)
})

test.each([
  ['bytes */0', 0],
  ['bytes */77', 77],
  ['bytes 0-1/2', null],
  [undefined, null],
])('the total of a 416 with %j', (header, expected) => {
  expect(parseUnsatisfiedTotal(header)).toBe(expected)
})

test.each([
  ['"abc"', '"abc"'],
  ['"hash-3"', '"hash-3"'],
  ['W/"abc"', null],
  ['abc', null],
  [undefined, null],
])('a range may be bound to the ETag %j', (header, expected) => {
  expect(strongEtag(header)).toBe(expected)
})

test.each<[what: string, head: string, contentType: string | null, path: string, isFile: boolean]>([
  ['a login page', '<!DOCTYPE html><html>', 'text/html; charset=utf-8', 'm.safetensors', false],
  ['a login page of another type', '\n  <html lang="en">', 'application/octet-stream', 'm.safetensors', false],
  ['a page with a byte order mark', '\u00ef\u00bb\u00bf<!doctype html>', 'text/html', 'm.bin', false],
  ['an error as JSON', ' {"error":"Unauthorized"}', 'application/json', 'm.safetensors', false],
  ['a problem document', '{"title":"x"}', 'application/problem+json', 'm.safetensors', false],
  ['a JSON file', '{"a":1}', 'application/json', 'config.json', true],
  ['an HTML file', '<!doctype html>', 'text/html', 'index.html', true],
  ['bytes that somebody calls HTML', '\u0008\u0000\u0000\u0000', 'text/html', 'm.safetensors', true],
  ['bytes that somebody calls JSON', '\u0008\u0000{', 'application/json', 'm.safetensors', true],
  ['a model', '\u0008\u0000\u0000\u0000\u0000\u0000\u0000\u0000{"__metadata__"', null, 'm.safetensors', true],
])('%s', (_what, head, contentType, path, isFile) => {
  const check = (): void => checkIsFile({ head: Buffer.from(head, 'latin1'), contentType, path, host: 'h' })
  if (isFile) check()
  else expect(check).toThrow(expect.objectContaining({ code: 'transfer.not-a-file', retryable: false }))
})

test.each([1, 5 * MIB, 6_000 * MIB, 33_000 * MIB, 5 * 1024 * 1024 * MIB])('%i bytes fit in two levels', (sizeBytes) => {
  const partBytes = partBytesFor(sizeBytes, 32 * MIB)
  const layout = { sizeBytes, partBytes, etag: null, sha256: null, ranges: true }
  const parts = partCountOf(sizeBytes, partBytes)
  const last = partRange(layout, parts - 1)
  expect(partBytes).toBeGreaterThanOrEqual(32 * MIB)
  expect(partBytes % (256 * 1024)).toBe(0)
  expect(parts).toBeLessThanOrEqual(1024)
  expect(last.first + last.sizeBytes).toBe(sizeBytes)
})

test('the checksum of the whole is known from those of the parts', () => {
  const parts = ['1234', '56789'].map((text) => {
    const checksum = new Crc32c()
    checksum.update(Buffer.from(text))
    return { crc32c: checksum.toString(), sizeBytes: text.length }
  })
  // "123456789" is what descriptions of a CRC give as their example.
  expect(Buffer.from(crc32cOf(parts), 'base64').toString('hex')).toBe('e3069283')
})
