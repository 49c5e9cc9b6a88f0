import { randomBytes } from 'node:crypto'
import { isNativeError } from 'node:util/types'
import { deflateRawSync } from 'node:zlib'
import { listZip, readZipEntry } from '#shared/archives/zip-reader.ts'
import { writeZip, type ZipSource } from '#shared/archives/zip-writer.ts'
import { AppError } from '#shared/errors/app-error.ts'
import { type MadeEntry, type MadeZip, makeZip, readerOf } from './zip-bytes.ts'

const limits = { maxEntries: 200, maxEntryBytes: 2_000_000, maxTotalBytes: 5_000_000, maxRatio: 100 }

async function unpack(zip: Buffer): Promise<Map<string, Buffer>> {
  const read = readerOf(zip)
  const contents = new Map<string, Buffer>()
  for (const entry of await listZip({ read, sizeBytes: zip.length, limits })) {
    const chunks: Buffer[] = []
    for await (const chunk of readZipEntry(read, entry)) chunks.push(chunk)
    contents.set(entry.name, Buffer.concat(chunks))
  }
  return contents
}

async function pack(sources: ZipSource[]): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of writeZip(sources)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function* pieces(bytes: Buffer, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

const text = Buffer.from('a line of text\n'.repeat(50))
const photo = randomBytes(300_000)
const good: MadeEntry[] = [
  { name: 'folder/', content: Buffer.alloc(0) },
  { name: 'folder/a.jpg', content: photo, mode: 0o100644 },
  { name: 'b ü.txt', content: text, deflate: true },
  { name: 'empty.txt', content: Buffer.alloc(0) },
]

test('reads stored and deflated entries, folders and empty files', async () => {
  const contents = await unpack(makeZip(good, { comment: Buffer.from('hello') }))
  expect([...contents.keys()]).toEqual(['folder/', 'folder/a.jpg', 'b ü.txt', 'empty.txt'])
  expect(contents.get('folder/a.jpg')?.equals(photo)).toBe(true)
  expect(contents.get('b ü.txt')?.equals(text)).toBe(true)
})

test('what the writer packs comes out again, from bytes and from streams, and is the same each time', async () => {
  const sources = () => [
    { name: 'photo-001.jpg', content: photo },
    { name: 'streamed.jpg', content: pieces(photo, 70_001) },
    { name: 'captions/größe.txt', content: text },
    { name: 'streamed.json', content: pieces(text, 13) },
  ]
  const zip = await pack(sources())
  const contents = await unpack(zip)
  expect([...contents.values()].map((bytes) => bytes.equals(photo) || bytes.equals(text))).toEqual(Array(4).fill(true))
  expect((await pack(sources())).equals(zip)).toBe(true)
  expect(zip.length).toBeLessThan(photo.length * 2 + text.length + 900)
})

test('the writer takes no chunk before it is asked for one, and lets its source go', async () => {
  let taken = 0
  let isClosed = false
  async function* endless() {
    try {
      for (;;) {
        taken += 1
        yield Buffer.alloc(1000)
      }
    } finally {
      isClosed = true
    }
  }
  for await (const _ of writeZip([{ name: 'a.jpg', content: endless() }])) if (taken === 3) break
  expect({ taken, isClosed }).toEqual({ taken: 3, isClosed: true })
})

test('the writer hands on what a source throws, stored or deflated, and refuses names', async () => {
  async function* broken() {
    yield text
    throw new RangeError('the source broke')
  }
  for (const name of ['a.jpg', 'a.txt']) {
    await expect(pack([{ name, content: broken() }])).rejects.toThrow('the source broke')
  }
  await expect(pack([{ name: '../a.jpg', content: text }])).rejects.toMatchObject({ code: 'archive.bad-name' })
  const twice = ['a.jpg', 'A.JPG'].map((name) => ({ name, content: text }))
  await expect(pack(twice)).rejects.toMatchObject({ code: 'archive.duplicate-name' })
})

const bomb = Buffer.alloc(1_900_000)
const one = (entry: Partial<MadeEntry>): MadeEntry[] => [{ name: 'a.jpg', ...entry }]
const hostile: [string, string, MadeEntry[], MadeZip?][] = [
  ['bad-name', 'a parent folder', one({ name: '../a.jpg' })],
  ['bad-name', 'a parent folder within', one({ name: 'a/../../b.jpg' })],
  ['bad-name', 'the root', one({ name: '/etc/passwd' })],
  ['bad-name', 'a drive', one({ name: 'C:/a.jpg' })],
  ['bad-name', 'a backslash', one({ name: '..\\a.jpg' })],
  ['bad-name', 'a NUL', one({ name: 'a.jpg\0.exe' })],
  ['bad-name', 'a line end', one({ name: 'a\n.jpg' })],
  ['bad-name', 'text that turns round', one({ name: 'a\u202egpj.exe' })],
  ['bad-name', 'no name', one({ name: '' })],
  ['bad-name', 'an empty folder name', one({ name: 'a//b.jpg' })],
  ['bad-name', 'a long name', one({ name: 'a'.repeat(600) })],
  ['duplicate-name', 'one name twice', [{ name: 'a.jpg' }, { name: 'a.jpg' }]],
  ['duplicate-name', 'one name in two cases', [{ name: 'a.jpg' }, { name: 'A.jpg' }]],
  ['duplicate-name', 'a file as a folder', [{ name: 'a' }, { name: 'a/', content: Buffer.alloc(0) }]],
  ['link', 'a symbolic link', one({ mode: 0o120777 })],
  ['special-file', 'a device', one({ mode: 0o020666 })],
  ['special-file', 'a pipe', one({ mode: 0o010666 })],
  ['encrypted', 'a password', one({ flags: 1 })],
  ['encrypted', 'strong encryption', one({ flags: 0x41 })],
  ['encrypted', 'a hidden directory', one({ flags: 0x2000 })],
  ['unsupported', 'LZMA', one({ method: 14 })],
  ['unsupported', 'deflate64', one({ method: 9 })],
  ['unsupported', 'a patch', one({ flags: 0x20 })],
  ['unsupported', 'another disk', one({}), { disk: 1 }],
  ['nested', 'an archive by name', one({ name: 'photos.zip' })],
  ['nested', 'an archive by bytes', one({ content: makeZip(one({})) })],
  ['nested', 'a packed archive by bytes', one({ content: makeZip(one({ content: text })), deflate: true })],
  ['nested', 'gzip by bytes', one({ content: Buffer.from('1f8b0800', 'hex') })],
  ['ratio', 'a bomb of 1:1000', one({ content: bomb, deflate: true })],
  [
    'lying-header',
    'zeros behind a small claim',
    one({ packed: deflateRawSync(bomb).subarray(0, -9), content: text, method: 8 }),
  ],
  ['lying-header', 'a bomb behind a small claim', one({ packed: deflateRawSync(bomb), sizeBytes: 1000, method: 8 })],
  ['lying-header', 'fewer bytes than said', one({ content: text, deflate: true, sizeBytes: text.length + 1 })],
  ['lying-header', 'a local size of its own', one({ localSize: 5 })],
  ['lying-header', 'a local name of its own', one({ localName: 'b.jpg' })],
  ['lying-header', 'a local method of its own', one({ localMethod: 8 })],
  ['lying-header', 'stored with two sizes', one({ sizeBytes: 3 })],
  ['lying-header', 'a folder with bytes', one({ name: 'a/' })],
  [
    'lying-header',
    'something behind the packed bytes',
    one({ packed: Buffer.concat([deflateRawSync(text), photo]), content: text, method: 8 }),
  ],
  ['bad-checksum', 'another checksum', one({ crc: 1 })],
  ['entry-too-large', 'a large file', one({ sizeBytes: 3_000_000, compressedBytes: 3_000_000 })],
  [
    'too-large',
    'many large files',
    [1, 2, 3].map((n) => ({ name: `${n}.jpg`, sizeBytes: 1_900_000, compressedBytes: 1_900_000 })),
  ],
  ['overlap', 'one file under two names', [{ name: 'a.jpg' }, { name: 'b.jpg', offset: 0, absent: true }]],
  [
    'overlap',
    'a file within another',
    [
      { name: 'a.jpg', content: photo },
      { name: 'b.jpg', offset: 9000, absent: true },
    ],
  ],
  ['overlap', 'a file that reaches into the directory', one({ sizeBytes: 900, compressedBytes: 900 })],
  ['junk', 'a program before it', one({}), { before: Buffer.from('MZ program') }],
  ['junk', 'bytes behind it', one({}), { after: Buffer.from('more') }],
  ['junk', 'bytes before its end record', one({}), { gap: Buffer.alloc(40) }],
  ['ambiguous', 'an end within its comment', one({}), { comment: makeZip(one({})) }],
  ['zip64', 'a ZIP64 size', one({ sizeBytes: 0xffff_ffff, compressedBytes: 0xffff_ffff })],
  ['zip64', 'a ZIP64 count', one({}), { count: 0xffff }],
  ['zip64', 'a ZIP64 directory', one({}), { directoryOffset: 0xffff_ffff }],
  ['zip64', 'a ZIP64 locator', one({}), { gap: Buffer.concat([Buffer.from('PK\x06\x07'), Buffer.alloc(16)]) }],
  ['too-many-entries', 'more entries than taken', Array.from({ length: 201 }, (_, n) => ({ name: `${n}` }))],
  ['damaged', 'fewer entries said than there are', [{ name: 'a' }, { name: 'b' }], { count: 1 }],
  ['damaged', 'more entries said than there are', [{ name: 'a' }], { count: 2 }],
  ['damaged', 'a directory beyond the end', one({}), { directoryOffset: 90_000 }],
  ['empty', 'nothing', []],
]

test.each(hostile)('refuses with archive.%s: %s', async (code, _title, ...made) => {
  await expect(unpack(makeZip(...made))).rejects.toMatchObject({ code: `archive.${code}`, retryable: false })
})

test('refuses what is no ZIP, and one that is cut anywhere', async () => {
  await expect(unpack(Buffer.from('no zip'))).rejects.toMatchObject({ code: 'archive.damaged' })
  await expect(unpack(randomBytes(100_000))).rejects.toMatchObject({ code: expect.stringMatching(/^archive\./) })
  const zip = makeZip(good)
  for (let cut = 1; cut < zip.length; cut = Math.ceil(cut * 1.7)) {
    await expect(unpack(zip.subarray(0, -cut))).rejects.toMatchObject({
      code: expect.stringMatching(/^archive\.(damaged|junk)$/),
    })
  }
})

test('100,000 entries are refused by the end record alone', async () => {
  const zip = makeZip(Array.from({ length: 100_000 }, (_, n) => ({ name: `${n}`, content: Buffer.alloc(0) })))
  const read = readerOf(zip)
  await expect(listZip({ read, sizeBytes: zip.length, limits })).rejects.toMatchObject({
    code: 'archive.too-many-entries',
  })
  expect(read.bytesRead).toBeLessThan(70_000)
})

test('a list that is longer than its count says is not read', async () => {
  const zip = makeZip(
    Array.from({ length: 20_000 }, (_, n) => ({ name: `${n}` })),
    { count: 7 },
  )
  const read = readerOf(zip)
  await expect(listZip({ read, sizeBytes: zip.length, limits })).rejects.toMatchObject({
    code: 'archive.directory-too-large',
  })
  expect(read.bytesRead).toBeLessThan(70_000)
})

test('a bomb behind a small claim is cut at the claim', async () => {
  const packed = deflateRawSync(Buffer.alloc(64_000_000), { level: 9 })
  const zip = makeZip(one({ packed, sizeBytes: 100_000, method: 8 }))
  const read = readerOf(zip)
  const [entry] = await listZip({ read, sizeBytes: zip.length, limits: { ...limits, maxRatio: 1e9 } })
  let unpacked = 0
  const reading = async () => {
    for await (const chunk of readZipEntry(read, entry!)) unpacked += chunk.length
  }
  await expect(reading()).rejects.toMatchObject({ code: 'archive.lying-header' })
  expect(unpacked).toBeLessThanOrEqual(100_000)
})

test('what the reading of bytes throws comes out as it is', async () => {
  const zip = makeZip(one({ content: text, deflate: true }))
  const [entry] = await listZip({ read: readerOf(zip), sizeBytes: zip.length, limits })
  const broken = async (offset: number, length: number) => {
    if (offset > 0) throw new RangeError('the network broke')
    return zip.subarray(offset, offset + length)
  }
  await expect(drain(readZipEntry(broken, entry!))).rejects.toThrow('the network broke')
})

async function drain(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks);
}

test('2,000 mutated archives end in a typed refusal or in the exact bytes', async () => {
  const zip = makeZip([
    { name: 'a.jpg', content: photo.subarray(0, 400) },
    { name: 'b.txt', content: text, deflate: true },
  ])
  const known = new Set([photo.subarray(0, 400).toString('hex'), text.toString('hex')])
  let seed = 20_261_121
  const next = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  const counts = { refused: 0, exact: 0 }
  for (let round = 0; round < 2000; round += 1) {
    const mutated = Buffer.from(zip)
    for (let edit = next(3); edit >= 0; edit -= 1) {
      // Half of them where the headers are.
      const at = next(2) === 0 ? next(mutated.length) : mutated.length - 1 - next(150)
      mutated[at] = next(2) === 0 ? next(256) : (mutated[at] ?? 0) ^ (1 << next(8))
    }
    try {
      const contents = await unpack(next(8) === 0 ? mutated.subarray(0, next(mutated.length)) : mutated)
      for (const bytes of contents.values()) expect(known.has(bytes.toString('hex'))).toBe(true)
      counts.exact += 1
    } catch (error) {
      if (!(error instanceof AppError) || !error.code.startsWith('archive.')) {
        throw isNativeError(error) ? error : new Error(String(error))
      }
      counts.refused += 1
    }
  }
  expect(counts.refused).toBeGreaterThan(1000)
  expect(counts.exact).toBeGreaterThan(20)
})
