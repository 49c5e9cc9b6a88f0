import { deflateSync, gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { pngChunk } from './make-png.ts'

/** Behind IHDR, where both text and profile may stand. */
function withChunks(png: Buffer, chunks: Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)])
}

/** As many texts of as many bytes each as the decoder keeps: none is refused by itself. */
export function packedTexts(png: Buffer, count: number): Buffer {
  const text = deflateSync(Buffer.alloc(7_900_000, 'a'))
  const chunk = pngChunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), text]))
  return withChunks(png, Array<Buffer>(count).fill(chunk))
}

/** A picture whose colour profile holds a pipeline (ICC.1:2010, 10.14) of so many matrices, all of them the same few bytes. */
export function endlessProfile(png: Buffer, elements: number): Buffer {
  const packed = deflateSync(profile(elements))
  return withChunks(png, [pngChunk('iCCP', Buffer.concat([Buffer.from('x\0\0', 'latin1'), packed]))])
}

function profile(elements: number): Buffer {
  const tags: [name: string, content: Buffer][] = [
    ['wtpt', xyz(0.9642, 1, 0.8249)],
    ['rXYZ', xyz(0.4361, 0.2225, 0.0139)],
    ['gXYZ', xyz(0.3851, 0.7169, 0.0971)],
    ['bXYZ', xyz(0.1431, 0.0606, 0.7141)],
    ...['rTRC', 'gTRC', 'bTRC'].map((name): [string, Buffer] => [name, Buffer.from('curv\0\0\0\0\0\0\0\0', 'latin1')]),
    ['D2B0', pipeline(elements)],
  ]
  const head = Buffer.alloc(128 + 4 + 12 * tags.length)
  head.writeUInt32BE(0x0430_0000, 8)
  head.write('mntrRGB XYZ ', 12, 'latin1')
  head.write('acsp', 36, 'latin1')
  xyz(0.9642, 1, 0.8249).copy(head, 68, 8)
  head.writeUInt32BE(tags.length, 128)
  let at = head.length
  tags.forEach(([name, content], index) => {
    head.write(name, 132 + 12 * index, 'latin1')
    head.writeUInt32BE(at, 136 + 12 * index)
    head.writeUInt32BE(content.length, 140 + 12 * index)
    at += content.length
  })
  head.writeUInt32BE(at, 0)
  return Buffer.concat([head, ...tags.map(([, content]) => content)])
}

function xyz(...values: number[]): Buffer {
  const tag = Buffer.alloc(20)
  tag.write('XYZ ', 'latin1')
  values.forEach((value, index) => {
    tag.writeInt32BE(Math.round(value * 65_536), 8 + 4 * index)
  })
  return tag
}

function pipeline(elements: number): Buffer {
  const matrixBytes = 60
  const matrixAt = 16 + 8 * elements
  const tag = Buffer.alloc(matrixAt + matrixBytes)
  tag.write('mpet\0\0\0\0\0\x03\0\x03', 'latin1')
  tag.writeUInt32BE(elements, 12)
  for (let at = 16; at < matrixAt; at += 8) {
    tag.writeUInt32BE(matrixAt, at)
    tag.writeUInt32BE(matrixBytes, at + 4)
  }
  tag.write('matf\0\0\0\0\0\x03\0\x03', matrixAt, 'latin1')
  for (const diagonal of [0, 4, 8]) tag.writeFloatBE(1, matrixAt + 12 + 4 * diagonal)
  return tag
}

/** 48 × 32, a frame of one pixel again and again (RFC 9649, 2.7.1). */
export async function endlessAnimation(frames: number): Promise<Buffer> {
  const still = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
    .webp()
    .toBuffer()
  const canvas = Buffer.alloc(10)
  canvas[0] = 0b10
  canvas.writeUIntLE(47, 4, 3)
  canvas.writeUIntLE(31, 7, 3)
  const frame = riffChunk('ANMF', Buffer.concat([Buffer.alloc(16), still.subarray(12)]))
  const chunks = [riffChunk('VP8X', canvas), riffChunk('ANIM', Buffer.alloc(6)), ...Array<Buffer>(frames).fill(frame)]
  return riffChunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]))
}

function riffChunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content])
}

/** Markup that weighs nothing packed and much as a document in memory. */
export function packedMarkup(circles: number): Buffer {
  const drawing = '<circle r="9" cx="3" fill="red"/>'.repeat(circles)
  return gzipSync(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${drawing}</svg>`, { level: 1 })
}
