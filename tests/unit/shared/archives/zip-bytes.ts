import { crc32, deflateRawSync } from 'node:zlib'
import type { ReadAt } from '#shared/formats/safetensors.ts'

/** An entry with any lie that a header can tell; what is not given is true. */
export interface MadeEntry {
  name: string
  content?: Buffer
  deflate?: boolean
  packed?: Buffer
  localName?: string
  localSize?: number
  localMethod?: number
  sizeBytes?: number
  compressedBytes?: number
  crc?: number
  method?: number
  flags?: number
  mode?: number
  /** Points the directory elsewhere, and writes nothing when `absent`. */
  offset?: number
  absent?: boolean
}

export interface MadeZip {
  before?: Buffer
  after?: Buffer
  gap?: Buffer
  comment?: Buffer
  count?: number
  directoryBytes?: number
  directoryOffset?: number
  disk?: number
}

/** Packs a ZIP by the format's text, independently of the writer. */
export function makeZip(entries: readonly MadeEntry[], zip: MadeZip = {}): Buffer {
  const parts: Buffer[] = [zip.before ?? Buffer.alloc(0)]
  const central: Buffer[] = []
  let offset = parts[0]?.length ?? 0
  for (const entry of entries) {
    const content = entry.content ?? Buffer.from('content')
    const packed = entry.packed ?? (entry.deflate ? deflateRawSync(content, { level: 9 }) : content)
    const method = entry.method ?? (entry.deflate ? 8 : 0)
    const said = {
      crc: entry.crc ?? crc32(content),
      compressed: entry.compressedBytes ?? packed.length,
      size: entry.sizeBytes ?? content.length,
    }
    const header = (name: Buffer, size: number, ofMethod: number) => {
      const bytes = Buffer.alloc(24)
      bytes.writeUInt16LE(20, 0)
      bytes.writeUInt16LE(entry.flags ?? 0x800, 2)
      bytes.writeUInt16LE(ofMethod, 4)
      bytes.writeUInt32LE(said.crc, 10)
      bytes.writeUInt32LE(said.compressed, 14)
      bytes.writeUInt32LE(size, 18)
      bytes.writeUInt16LE(name.length, 22)
      return bytes
    }
    const localName = Buffer.from(entry.localName ?? entry.name)
    const local = Buffer.concat([
      Buffer.from('PK\x03\x04'),
      header(localName, entry.localSize ?? said.size, entry.localMethod ?? method),
      Buffer.alloc(2),
      localName,
      packed,
    ])
    const name = Buffer.from(entry.name)
    const rest = Buffer.alloc(16)
    rest.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 8)
    rest.writeUInt32LE(entry.offset ?? offset, 12)
    central.push(
      Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), header(name, said.size, method), rest, name]),
    )
    if (entry.absent) continue
    parts.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(zip.disk ?? 0, 4)
  end.writeUInt16LE(zip.count ?? entries.length % 65_536, 8)
  end.writeUInt16LE(zip.count ?? entries.length % 65_536, 10)
  end.writeUInt32LE(zip.directoryBytes ?? directory.length, 12)
  end.writeUInt32LE(zip.directoryOffset ?? offset, 16)
  const comment = zip.comment ?? Buffer.alloc(0)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, directory, zip.gap ?? Buffer.alloc(0), end, comment, zip.after ?? Buffer.alloc(0)])
}

/** Reads from memory, and counts what was asked for. */
export function readerOf(bytes: Buffer): ReadAt & { bytesRead: number } {
  const read = Object.assign(
    async (offset: number, length: number) => {
      const part = bytes.subarray(offset, offset + length)
      read.bytesRead += part.length
      return part
    },
    { bytesRead: 0 },
  )
  return read
}
