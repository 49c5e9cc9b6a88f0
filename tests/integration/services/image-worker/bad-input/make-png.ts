import { constants, crc32, deflateRawSync, deflateSync } from 'node:zlib'

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** PNG §11.2.1: bytes a pixel at 8 bits a channel. */
const channels = { grey: 1, rgb: 3, rgba: 4 } as const
const colourTypes = { grey: 0, rgb: 2, rgba: 6 } as const

export interface BlackPng {
  width: number
  height: number
  colour: keyof typeof channels
  bits: 8 | 16
  interlaced?: boolean
  /** Chunks before the pixels. */
  extra?: Buffer[]
}

/** A PNG of zeros, however large: its deflate stream is one small piece repeated, so that a gigabyte costs milliseconds. */
export function blackPng(picture: BlackPng): Buffer {
  const { width, height, bits, interlaced = false } = picture
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([bits, colourTypes[picture.colour], 0, 0, interlaced ? 1 : 0], 8)
  const pixelBytes = (channels[picture.colour] * bits) / 8
  const rowBytes = (columns: number) => 1 + columns * pixelBytes
  const sizeBytes = interlaced
    ? adam7.reduce((sum, pass) => sum + passRows(pass, height) * rowBytes(passColumns(pass, width)), 0)
    : height * rowBytes(width)
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    ...(picture.extra ?? []),
    pngChunk('IDAT', zlibZeros(sizeBytes)),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(data.length, 0)
  frame.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
}

/** So many zeros as a zlib stream (RFC 1950). */
function zlibZeros(sizeBytes: number): Buffer {
  const pieceBytes = 8 * 1024 * 1024
  // A full flush ends on a byte and refers to nothing before it: such pieces can stand one after the other.
  const piece = deflateRawSync(Buffer.alloc(pieceBytes), { finishFlush: constants.Z_FULL_FLUSH })
  const count = Math.floor(sizeBytes / pieceBytes)
  const rest = deflateRawSync(Buffer.alloc(sizeBytes % pieceBytes))
  const adler = Buffer.alloc(4)
  // Adler-32 of n zeros: the low sum stays 1, the high one counts them.
  adler.writeUInt32BE(((sizeBytes % 65_521) * 65_536 + 1) >>> 0)
  return Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array<Buffer>(count).fill(piece), rest, adler])
}

/** A comment that unpacks to `sizeBytes`. */
export function commentBomb(sizeBytes: number): Buffer {
  return pngChunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), zlibZeros(sizeBytes)]))
}

/** A PNG whose deflate stream is valid and one row short. */
export function shortPng(): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(64, 0)
  header.writeUInt32BE(64, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const rows = deflateSync(Buffer.alloc(40 * (1 + 64 * 3)))
  return Buffer.concat([signature, pngChunk('IHDR', header), pngChunk('IDAT', rows), pngChunk('IEND', Buffer.alloc(0))])
}

/** PNG §8.2: start and step of each pass, in columns and rows. */
const adam7 = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
]

function passColumns(pass: { x: number; dx: number }, width: number): number {
  return Math.ceil((width - pass.x) / pass.dx)
}

function passRows(pass: { y: number; dy: number }, height: number): number {
  return Math.ceil((height - pass.y) / pass.dy)
}
