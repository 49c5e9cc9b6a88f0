import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { fileSchema } from '#shared/civitai/file.ts'

const read = (file: object) => fileSchema.parse({ id: 7, name: 'a.safetensors', type: 'Model', ...file })

test.each<[sizeKB: unknown, sizeBytes: number | null]>([
  // The product is 2607528931.0000005.
  [2546414.971679688, 2_607_528_931],
  [18829.1484375, 19_281_048],
  [0.0107421875, 11],
  [0, 0],
  [-1, null],
  [null, null],
  ['12', null],
])('a size of %j KiB is %j bytes', (sizeKB, sizeBytes) => {
  expect(read({ sizeKB }).sizeBytes).toBe(sizeBytes)
})

test('every size up to some hundred GiB survives its way through 16 printed digits', () => {
  for (let bytes = 1; bytes < 3e11; bytes = Math.ceil(bytes * 1.37) + 1) {
    expect(read({ sizeKB: Number((bytes / 1024).toPrecision(16)) }).sizeBytes).toBe(bytes)
  }
})

test.each([
  [{ metadata: { format: 'SafeTensor' }, name: 'a.ckpt' }, 'safetensors'],
  [{ metadata: { format: 'PickleTensor' } }, 'pickle'],
  [{ metadata: { format: 'GGUF' } }, 'gguf'],
  [{ metadata: { format: 'Diffusers' } }, 'zip'],
  [{ metadata: { format: 'Core ML' } }, 'core-ml'],
  [{ metadata: { format: 'Other' }, name: 'a.zip' }, 'zip'],
  [{ metadata: null, name: 'A.SafeTensors' }, 'safetensors'],
  [{ metadata: { format: 'Of Next Year' }, name: 'a.pt' }, 'pickle'],
  [{ name: 'no extension' }, 'other'],
  [{ name: undefined }, 'other'],
])('%j is %s', (file, format) => {
  expect(read(file).format).toBe(format)
})

test.each([
  ['Success', 'success'],
  ['Pending', 'pending'],
  ['Danger', 'danger'],
  ['Error', 'error'],
  ['Quarantined', 'unknown'],
  [null, 'unknown'],
  [undefined, 'unknown'],
])('the scan result %j is %s', (virusScanResult, virusScan) => {
  expect(read({ virusScanResult })).toMatchObject({ virusScan, pickleScan: 'unknown' })
})

test('only the id is owed', () => {
  expect(fileSchema.parse({ id: '9' })).toEqual({
    id: '9',
    name: '9',
    type: 'Other',
    sizeBytes: null,
    format: 'other',
    size: null,
    fp: null,
    hashes: { sha256: null, autoV2: null, crc32: null },
    isPrimary: false,
    virusScan: 'unknown',
    pickleScan: 'unknown',
  })
  expect(fileSchema.safeParse({ name: 'a' }).success).toBe(false)
})

interface Vector {
  name: string
  input: { utf8?: string; base64?: string; recipe?: { length: number; a: number; b: number; c: number } }
  sizeKB: number
  bytes: number
  expect: Record<string, string | null>
}
const { vectors } = JSON.parse(readFileSync('tests/fixtures/civitai/hash-vectors.json', 'utf8')) as {
  vectors: Vector[]
}

test.each(vectors.map((one) => [one.name, one] as const))('reads the hashes of %s as we compute them', (_name, one) => {
  const bytes = bytesOf(one.input)
  const { crc32Conventional: _, AutoV3full: __, ...hashes } = one.expect
  const file = read({ sizeKB: one.sizeKB, hashes })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  expect(file.hashes).toEqual({
    sha256,
    autoV2: sha256.slice(0, 10),
    crc32: crc32(bytes).toString(16).padStart(8, '0'),
  })
  expect(file.sizeBytes).toBe(bytes.byteLength)
})

test('a hash of the wrong length, with other letters or of another type counts as not told', () => {
  const hashes = { SHA256: 'AB', AutoV2: 'XYZXYZXYZX', CRC32: 12345678 }
  expect(read({ hashes }).hashes).toEqual({ sha256: null, autoV2: null, crc32: null })
})

function bytesOf({ utf8, base64, recipe }: Vector['input']): Buffer {
  if (recipe === undefined) return base64 === undefined ? Buffer.from(utf8 ?? '') : Buffer.from(base64, 'base64')
  const { length, a, b, c } = recipe
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * a + Math.floor(i / 256) * b + c) % 256))
}
