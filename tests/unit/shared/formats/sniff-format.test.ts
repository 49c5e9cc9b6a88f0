import { gzipSync } from 'node:zlib'
import { sniffFormat } from '#shared/formats/sniff-format.ts'
import { safetensorsFile } from '../../../support/safetensors-file.ts'
import { zipStart } from '../../../support/zip-start.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const text = (value: string) => Buffer.from(value)
const padded = (start: Buffer, sizeBytes = 1024) => Buffer.concat([start, Buffer.alloc(sizeBytes - start.length)])
const utf16 = (value: string) => Buffer.concat([hex('fffe'), Buffer.from(value, 'utf16le')])
/** A tar whose first member has this name; older tars have no `ustar`. */
function tar(name: string, isPosix: boolean): Buffer {
  const block = Buffer.alloc(1024)
  block.write(name)
  if (isPosix) block.write('ustar', 257)
  return block
}

const safetensors = safetensorsFile({ w: { dtype: 'U8', shape: [4], data_offsets: [0, 4] } }, 4)

test.each<[expected: string, what: string, head: Buffer]>([
  ['safetensors', 'a safetensors file', safetensors],
  ['gguf', 'GGUF', padded(hex('47475546 03000000'))],
  ['pickle', "PyTorch's zip", zipStart(['archive/data.pkl'])],
  ['pickle', "PyTorch's zip with another entry first", zipStart(['m/version', 'm/byteorder', 'm/data.pkl'])],
  ['zip', 'any other zip', zipStart(['unet/diffusion_pytorch_model.safetensors'])],
  ['zip', 'an empty zip', padded(hex('504b0506'), 22)],
  ['pickle', 'protocol 2, as PyTorch before 1.6 begins', hex('80028a0a6cfc9c46f920')],
  ['pickle', 'protocol 3', hex('80037d71002e')],
  ['pickle', 'protocol 4 with its frame', hex('8004950a00000000000000 8c05')],
  ['pickle', 'protocol 5', hex('8005950a00000000000000 8c05')],
  ['pickle', 'two bytes of a pickle', hex('8004')],
  ['pickle', 'protocol 0 that calls a function', text("cposix\nsystem\n(S'id'\ntR.")],
  ['pickle', 'protocol 0 with a dict', text('(dp0\nS"a"\n')],
  ['pickle', "PyTorch's tar", tar('sys_info', true)],
  ['pickle', "PyTorch's oldest tar", tar('./storages', false)],
  ['tar', 'any other tar', tar('model/weights.bin', true)],
  ['gzip', 'gzip', gzipSync('weights')],
  ['7z', '7z', padded(hex('377abcaf271c0004'))],
  ['rar', 'rar', padded(hex('526172211a070100'))],
  ['html', 'a page', text('<!DOCTYPE html><html>')],
  ['html', 'a page in other case after white space', text('\r\n\t <HTML lang="en">')],
  ['html', 'a page after a byte order mark', text('\u{FEFF}<!doctype html>')],
  ['html', 'a page after comments', text('<!-- saved --> <!-- ><html --><head>')],
  ['html', 'XHTML', text('<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">')],
  ['html', 'a page in UTF-16', utf16('<html><body>')],
  ['html', 'a page in UTF-16, big-endian', utf16('<html><body>').swap16()],
  ['html', 'a page in an old code page', Buffer.from('<html><title>Fehler: Zugriff gesperrt \xfc</title>', 'latin1')],
  ['html', 'a heading alone', text('<h1>Forbidden</h1>')],
  ['xml', 'an error of S3', text('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>')],
  ['xml', 'an error of R2 without a declaration', text('<Error><Code>InvalidRequest</Code></Error>')],
  ['json', 'an error', text('{"error":"Unauthorized","message":"…"}')],
  ['json', 'an empty object', text('{}')],
  ['json', 'a list', text(' [ {"id": 1} ]')],
  ['json', 'JSON after a byte order mark', text('\u{FEFF}{\n  "_class_name": "UNet2DConditionModel"')],
  ['lfs-pointer', 'a pointer', text('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n')],
  ['lfs-pointer', 'a pointer of the first kind', text('version https://hawser.github.com/spec/v1\n')],
  ['image', 'PNG', padded(hex('89504e470d0a1a0a'))],
  ['image', 'JPEG', padded(hex('ffd8ffe0'))],
  ['image', 'WebP', padded(Buffer.concat([text('RIFF'), hex('10000000'), text('WEBPVP8 ')]))],
  ['text', 'words', text('#version: 0.2\nĠ t\nĠ a\n')],
  ['text', 'words cut inside a character', text('é'.repeat(8193)).subarray(1, 16_386).subarray(1)],
  ['empty', 'nothing', Buffer.alloc(0)],
  ['unknown', 'zeros', Buffer.alloc(4096)],
  ['unknown', 'one byte', hex('80')],
  ['unknown', 'HDF5', padded(hex('894844460d0a1a0a'))],
])('%s: %s', (expected, _what, head) => {
  expect(sniffFormat(head, { path: 'model.safetensors', sizeBytes: head.length })).toBe(expected)
})

describe('a safetensors file', () => {
  test('is known by nine bytes', () => {
    expect(sniffFormat(safetensors.subarray(0, 9), { path: 'x', sizeBytes: 10_000 })).toBe('safetensors')
    expect(sniffFormat(safetensors.subarray(0, 8), { path: 'x', sizeBytes: 10_000 })).not.toBe('safetensors')
  })

  test('is known where nobody says its size', () => {
    expect(sniffFormat(safetensors, { path: 'x', sizeBytes: null })).toBe('safetensors')
  })

  test.each([
    ['longer than the file', 1000n],
    ['over what the format allows', 100_000_001n],
    ['of 64 bits', 2n ** 63n],
    ['of nothing', 0n],
  ])('has no header %s', (_what, length) => {
    const head = Buffer.from(safetensors)
    head.writeBigUInt64LE(length)
    expect(sniffFormat(head, { path: 'x', sizeBytes: 500 })).not.toBe('safetensors')
  })

  test('is not taken for a pickle, whatever its length looks like', () => {
    const header = '{}'.padEnd(0x280)
    const file = safetensorsFile(header, 0)
    expect(file.subarray(0, 2)).toEqual(hex('8002'))
    expect(sniffFormat(file, { path: 'x', sizeBytes: file.length })).toBe('safetensors')
  })
})

test('ONNX has no magic, and is believed together with its name only', () => {
  const head = Buffer.concat([hex('0807 1207'), text('pytorch'), hex('1a05'), text('2.1.0'), hex('3a 80')])
  expect(sniffFormat(head, { path: 'unet/model.onnx', sizeBytes: 1000 })).toBe('onnx')
  expect(sniffFormat(head, { path: 'unet/model.bin', sizeBytes: 1000 })).not.toBe('onnx')
  expect(sniffFormat(text('<html>'), { path: 'unet/model.onnx', sizeBytes: 1000 })).toBe('html')
})

test('a zip that was streamed is looked through without its sizes', () => {
  const head = zipStart(['archive/version', 'archive/data.pkl'], { isStreamed: true })
  expect(sniffFormat(head, { path: 'm.ckpt', sizeBytes: 10_000 })).toBe('pickle')
})
