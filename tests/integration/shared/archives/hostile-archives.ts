import { constants, deflateRawSync } from 'node:zlib'
import { endOfTar, tarMember } from '../../../unit/shared/archives/tar-bytes.ts'
import { type MadeEntry, type MadeZip, makeZip } from '../../../unit/shared/archives/zip-bytes.ts'

/** The code that it is refused with, what is wrong with it, and its bytes when they are wanted. */
export type HostileArchive = readonly [code: string, title: string, make: () => Buffer]

const mebibyte = 1024 * 1024
const text = Buffer.from('a line of text\n'.repeat(50))
const photo = Buffer.alloc(200_000, 'not quite a photo')
const weights = 'output/flux_train_replicate/lora.safetensors'

/** Zeros, packed without being made: one flushed block again and again, and an empty last one. */
function packedZeros(sizeBytes: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(mebibyte), { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  return Buffer.concat([...Array<Buffer>(sizeBytes / mebibyte).fill(block), deflateRawSync(Buffer.alloc(0))])
}

/** A gibibyte in one: nothing that packs pictures reaches 1:1000. */
const bomb: Omit<MadeEntry, 'name'> = { packed: packedZeros(1024 * mebibyte), method: 8 }
const gibibyte = 1024 * mebibyte

function zip(entries: readonly MadeEntry[], more?: MadeZip): () => Buffer {
  return () => makeZip(entries, more)
}

function many(count: number, entry: (index: number) => Partial<MadeEntry> = () => ({})): MadeEntry[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `photo-${index}.jpg`,
    content: Buffer.alloc(0),
    ...entry(index),
  }))
}

/** One packed file that hundreds of names point to: each is small, and together they are the bomb. */
const shared = [
  { name: 'photo-0.jpg', content: text, deflate: true },
  ...many(400, (index) => ({ name: `photo-${index + 1}.jpg`, content: text, deflate: true, offset: 0, absent: true })),
]

/** A million packed blocks with nothing in them. */
const emptyBlocks = Buffer.concat([Buffer.alloc(5 * 1_000_000, Buffer.from('000000ffff', 'hex')), deflateRawSync(text)])

export const hostileZips: readonly HostileArchive[] = [
  ['ratio', 'a bomb of 1:1000', zip([{ ...bomb, name: 'a.jpg', sizeBytes: gibibyte }])],
  ['lying-header', 'a bomb behind a claim of 300 kB', zip([{ ...bomb, name: 'a.jpg', sizeBytes: 300_000 }])],
  ['lying-header', 'a bomb behind a claim of 30 MB', zip([{ ...bomb, name: 'a.jpg', sizeBytes: 29_000_000 }])],
  [
    'too-large',
    'files that are each just within the ratio',
    zip(many(70, () => ({ packed: Buffer.alloc(300_000), method: 8, sizeBytes: 29_000_000 }))),
  ],
  ['too-many-entries', '65,000 files', zip(many(65_000))],
  ['zip64', '100,000 files, as ZIP64 counts them', zip(many(100_000), { count: 0xffff })],
  ['directory-too-large', '100,000 files that are said to be seven', zip(many(100_000), { count: 7 })],
  ['directory-too-large', 'a list of 4 GB', zip(many(2), { directoryBytes: 0xffff_fffe })],
  ['junk', 'a tail of nothing but end marks', zip(many(1), { after: Buffer.alloc(70_000, 'PK\x05\x06', 'latin1') })],
  ['bad-name', 'a parent folder', zip(many(1, () => ({ name: '../../etc/cron.d/job' })))],
  ['bad-name', 'the root', zip(many(1, () => ({ name: '/etc/passwd' })))],
  ['bad-name', 'a drive', zip(many(1, () => ({ name: 'C:\\windows\\a.jpg' })))],
  ['link', 'a symbolic link', zip(many(1, () => ({ content: Buffer.from('/etc/passwd'), mode: 0o120777 })))],
  ['nested', 'an archive by its name', zip(many(1, () => ({ name: 'photos.zip' })))],
  ['nested', 'an archive by its bytes', zip(many(1, () => ({ content: makeZip(many(3)) })))],
  ['overlap', 'one file under four hundred names', zip(shared)],
  [
    'overlap',
    'a file within another',
    zip([
      { name: 'a.jpg', content: photo },
      { name: 'b.jpg', content: text, offset: 9000, absent: true },
    ]),
  ],
  ['lying-header', 'another size in its local header', zip(many(1, () => ({ content: text, localSize: 5 })))],
  ['lying-header', 'another name in its local header', zip(many(1, () => ({ localName: '../oto-0.jpg' })))],
  [
    'lying-header',
    'empty blocks without end',
    zip(many(1, () => ({ packed: emptyBlocks, content: photo, method: 8 }))),
  ],
  ['zip64', 'a size of ZIP64', zip(many(1, () => ({ sizeBytes: 0xffff_ffff, compressedBytes: 0xffff_ffff })))],
  ['zip64', 'a place of ZIP64', zip(many(1, () => ({ offset: 0xffff_ffff })))],
  ['zip64', 'a list of ZIP64', zip(many(1), { directoryOffset: 0xffff_ffff })],
  ['zip64', 'a locator of ZIP64', zip(many(1), { gap: Buffer.concat([Buffer.from('PK\x06\x07'), Buffer.alloc(16)]) })],
]

function tar(...members: Buffer[]): () => Buffer {
  return () => Buffer.concat([...members, endOfTar])
}

const pax = (record: string) => tarMember('pax', Buffer.from(record), 'x')
/** 2^62 bytes in GNU's base 256. */
const endless = Buffer.from('800000004000000000000000', 'hex')
const nothing = Buffer.alloc(0)

export const hostileTars: readonly HostileArchive[] = [
  ['bad-name', 'a parent folder', tar(tarMember('../../lora.safetensors', photo))],
  ['bad-name', 'the root', tar(tarMember('/etc/lora.safetensors', photo))],
  ['bad-name', 'a parent folder by PAX', tar(pax('28 path=../lora.safetensors\n'), tarMember('a', photo))],
  ['link', 'a symbolic link', tar(tarMember(weights, nothing, '2'))],
  ['link', 'a hard link', tar(tarMember(weights, nothing, '1'))],
  ['special-file', 'a device', tar(tarMember(weights, nothing, '3'))],
  ['special-file', 'a sparse file', tar(pax('22 GNU.sparse.major=1\n'), tarMember(weights, photo))],
  ['ambiguous', 'two of them', tar(tarMember(weights, photo), tarMember(`other/${weights}`, photo))],
  ['too-many-entries', '100,000 files', tar(...Array<Buffer>(100_000).fill(tarMember('a', nothing)))],
  ['too-many-entries', '100,000 long names', tar(...Array<Buffer>(100_000).fill(tarMember('a', nothing, 'L')))],
  ['entry-too-large', 'weights of 3 GB', tar(tarMember(weights, photo, '0', 3_000_000_000))],
  ['too-large', 'a neighbour of 8 GB', tar(tarMember('a', photo, '0', 0o77777777777), tarMember(weights, photo))],
  ['damaged', 'weights of four exabytes', tar(tarMember(weights, photo, '0', endless))],
  ['damaged', 'fewer than no bytes', tar(tarMember(weights, photo, '0', Buffer.alloc(12, 0xff)))],
  ['too-large', 'a PAX size of a petabyte', tar(pax('24 size=999999999999999\n'), tarMember(weights, photo))],
  ['damaged', 'a PAX size beyond numbers', tar(pax(`39 size=${'9'.repeat(30)}\n`), tarMember(weights, photo))],
  ['bad-name', 'a name of 4 GB', tar(tarMember('a', photo, 'L', 0o40000000000 - 1))],
  ['bad-name', 'a PAX header of a gigabyte', tar(tarMember('a', photo, 'x', gibibyte))],
  ['truncated', 'no end', () => tarMember(weights, photo)],
  ['truncated', 'a file that breaks off', () => tarMember(weights, photo).subarray(0, 100_000)],
  ['damaged', 'a ZIP by another name', () => makeZip(many(20))],
]
