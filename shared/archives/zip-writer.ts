import { Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'
import { archiveError } from './archive-error.ts'
import { checkEntryName, nameKey } from './entry-names.ts'
import {
  centralHeader,
  dataDescriptor,
  deflated,
  endBytes,
  endRecord,
  flags,
  localHeader,
  stored,
  type WrittenEntry,
} from './zip-records.ts'

export interface ZipSource {
  /** With `/` between folders. */
  name: string
  /** Bytes at hand are written with their sizes before them; a stream's follow it. */
  content: Buffer | AsyncIterable<Uint8Array>
}

/** ZIP64 would be needed beyond: more than any archive of ours may have. */
const maxEntries = 65_534
const maxArchiveBytes = 0xffff_fffe

/** What shrinks when it is deflated; pictures and weights only cost time. */
const text = /\.(txt|json|jsonl|csv|md|ya?ml|xml|svg|html)$/i

/**
 * Packs entries into a ZIP as they come, at the pace of who reads. Holds no more than one chunk, and the names. The same
 * entries make the same bytes.
 * @throws FinalError `archive.bad-name`, `archive.duplicate-name`, `archive.too-many-entries`, `archive.too-large`; what a
 * source throws comes out as it is. Bytes that went before are no archive then.
 */
export async function* writeZip(
  sources: AsyncIterable<ZipSource> | Iterable<ZipSource>,
): AsyncGenerator<Buffer, void, undefined> {
  const written: WrittenEntry[] = []
  const names = new Set<string>()
  let offset = 0
  for await (const source of sources) {
    checkNew(source.name, names)
    const entry = begin(source, offset)
    for await (const chunk of entryBytes(source, entry)) {
      offset += chunk.length
      if (offset > maxArchiveBytes) throw archiveError('too-large', 'would have more than 4 GB')
      yield chunk
    }
    written.push(entry)
  }
  const directory = Buffer.concat(written.map(centralHeader))
  if (offset + directory.length + endBytes > maxArchiveBytes) {
    throw archiveError('too-large', 'would have more than 4 GB')
  }
  yield Buffer.concat([directory, endRecord({ count: written.length, sizeBytes: directory.length, offset })])
}

function checkNew(name: string, names: Set<string>): void {
  checkEntryName(name)
  if (names.has(nameKey(name))) throw archiveError('duplicate-name', 'would hold two files of one name')
  if (names.size === maxEntries) throw archiveError('too-many-entries', `would hold more than ${maxEntries} files`)
  names.add(nameKey(name))
}

function begin(source: ZipSource, offset: number): WrittenEntry {
  const method = text.test(source.name) ? deflated : stored
  const isKnown = Buffer.isBuffer(source.content) && method === stored
  return {
    name: Buffer.from(source.name, 'utf8'),
    method,
    flags: flags.utf8 | (isKnown ? 0 : flags.sizesFollow),
    crc: 0,
    compressedBytes: 0,
    sizeBytes: 0,
    offset,
  }
}

/** One entry with its header; counts into `entry` what passes. */
async function* entryBytes(source: ZipSource, entry: WrittenEntry): AsyncGenerator<Buffer> {
  const { content } = source
  if (Buffer.isBuffer(content) && entry.method === stored) {
    entry.crc = crc32(content)
    entry.sizeBytes = content.length
    entry.compressedBytes = content.length
    yield localHeader(entry)
    yield content
    return
  }
  yield localHeader(entry)
  const plain = counted(Buffer.isBuffer(content) ? [content] : content, entry)
  const packed = entry.method === stored ? plain : deflate(plain)
  for await (const chunk of packed) {
    entry.compressedBytes += chunk.length
    yield chunk
  }
  yield dataDescriptor(entry)
}

async function* counted(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  entry: WrittenEntry,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    entry.crc = crc32(chunk, entry.crc)
    entry.sizeBytes += chunk.length
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  }
}

async function* deflate(plain: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.from(plain, { objectMode: false })
  const packer = createDeflateRaw()
  source.on('error', (error) => packer.destroy(error))
  try {
    yield* source.pipe(packer)
  } finally {
    source.destroy()
    packer.destroy()
  }
}
