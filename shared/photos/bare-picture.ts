import { pictureSignature } from './picture-signature.ts'

/** A chunk's four letters as one number: a file may have millions of chunks. */
const chunkType = (letters: string) => Buffer.from(letters, 'latin1').readUInt32BE()

/** PNG §11.3.3: two of them may be packed. */
const pngTexts = new Set(['tEXt', 'zTXt', 'iTXt'].map(chunkType))
const webpFrame = chunkType('ANMF')
const pngSignatureBytes = 8
/** Length, type and CRC of a PNG chunk. */
const pngFrameBytes = 12
const riffHeaderBytes = 12
const riffFrameBytes = 8
const gifHeaderBytes = 13
const gifFlagsAt = 10
const gifExtension = 0x21
const gifImage = 0x2c
const gifTrailer = 0x3b

/** TIFF 6.0, §2, and BigTIFF, which has wider numbers: where the header names the first directory, and the parts of one. */
const tiffLayout = { firstAt: 4, offsetBytes: 4, countBytes: 2, entryBytes: 12 }
const bigTiffVersion = 0x2b
const bigTiffLayout = { firstAt: 8, offsetBytes: 8, countBytes: 8, entryBytes: 20 }

/** A stretch of a file, `end` exclusive. */
interface Piece {
  start: number
  end: number
  isKept: boolean
}

/**
 * A picture without what its decoder would unpack, or go through again and again, though none of it shows: of a PNG the
 * texts (three megabytes of them unpack to four gigabytes, kept all at once), of a WebP or GIF every frame but the first (each
 * is looked for from the beginning of the file, or remembered), of a TIFF the way to its second page (all are counted, and
 * 45 MB hold 400,000). The same buffer where there is nothing of the kind.
 */
export function barePicture(bytes: Buffer): Buffer {
  switch (pictureSignature(bytes)) {
    case 'png':
      return join(bytes, () => pngPieces(bytes))
    case 'webp':
      return withRiffSize(
        bytes,
        join(bytes, () => webpPieces(bytes)),
      )
    case 'gif':
      return firstGifFrame(bytes)
    case 'tiff':
      return firstTiffPage(bytes)
    default:
      return bytes
  }
}

/** PNG §5.3. What is no whole chunk is left for the decoder to judge. */
function* pngPieces(bytes: Buffer): Generator<Piece> {
  let at = pngSignatureBytes
  while (at + pngFrameBytes <= bytes.length) {
    const end = at + pngFrameBytes + bytes.readUInt32BE(at)
    if (end > bytes.length) break
    yield { start: at, end, isKept: !pngTexts.has(bytes.readUInt32BE(at + 4)) }
    at = end
  }
  yield { start: at, end: bytes.length, isKept: true }
}

/** RFC 9649, §2.3 and 2.7: chunks of even length; frames of an animation are chunks `ANMF`. */
function* webpPieces(bytes: Buffer): Generator<Piece> {
  let at = riffHeaderBytes
  let frames = 0
  while (at + riffFrameBytes <= bytes.length) {
    const sizeBytes = bytes.readUInt32LE(at + 4)
    const end = at + riffFrameBytes + sizeBytes + (sizeBytes % 2)
    if (end > bytes.length) break
    const isFrame = bytes.readUInt32BE(at) === webpFrame
    if (isFrame) frames += 1
    yield { start: at, end, isKept: !isFrame || frames === 1 }
    at = end
  }
  yield { start: at, end: bytes.length, isKept: true }
}

/** One copy of what is kept: lists of pieces would weigh more than the file, for it may have millions. */
function join(bytes: Buffer, pieces: () => Iterable<Piece>): Buffer {
  let keptBytes = bytes.length
  for (const { start, end, isKept } of pieces()) if (!isKept) keptBytes -= end - start
  if (keptBytes === bytes.length) return bytes
  const kept = Buffer.allocUnsafe(keptBytes)
  let from = 0
  let to = 0
  for (const { start, end, isKept } of pieces()) {
    if (isKept) continue
    to += bytes.copy(kept, to, from, start)
    from = end
  }
  bytes.copy(kept, to, from)
  return kept
}

/** Less by what was left out, so that a file cut short stays one. */
function withRiffSize(whole: Buffer, bare: Buffer): Buffer {
  if (bare !== whole) bare.writeUInt32LE(Math.max(0, whole.readUInt32LE(4) - (whole.length - bare.length)), 4)
  return bare
}

/** GIF89a, §17 to 27. A file without a whole frame is left for the decoder to judge. */
function firstGifFrame(bytes: Buffer): Buffer {
  const colourTableBytes = (flags = 0) => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1))
  let at = gifHeaderBytes + colourTableBytes(bytes[gifFlagsAt])
  while (bytes[at] === gifExtension) at = endOfSubBlocks(bytes, at + 2)
  if (bytes[at] !== gifImage) return bytes
  const codesAt = at + 10 + colourTableBytes(bytes[at + 9])
  const end = endOfSubBlocks(bytes, codesAt + 1)
  if (end >= bytes.length || bytes[end] === gifTrailer) return bytes
  return Buffer.concat([bytes.subarray(0, end), Buffer.from([gifTrailer])])
}

/** §15: each begins with its length, and an empty one is the last. */
function endOfSubBlocks(bytes: Buffer, start: number): number {
  let at = start
  for (let length = bytes[at]; length !== undefined && length > 0; length = bytes[at]) at += 1 + length
  return at + 1
}

/** A page's directory ends with the place of the next one's, 0 behind the last. What is no whole one is left to the decoder. */
function firstTiffPage(bytes: Buffer): Buffer {
  const layout = tiffNumber(bytes, 2, 2) === bigTiffVersion ? bigTiffLayout : tiffLayout
  const { firstAt, offsetBytes, countBytes, entryBytes } = layout
  const directoryAt = tiffNumber(bytes, firstAt, offsetBytes)
  const nextAt = directoryAt + countBytes + tiffNumber(bytes, directoryAt, countBytes) * entryBytes
  const next = tiffNumber(bytes, nextAt, offsetBytes)
  return next > 0 ? Buffer.from(bytes).fill(0, nextAt, nextAt + offsetBytes) : bytes
}

/** In the file's byte order; NaN where the file is shorter. */
function tiffNumber(bytes: Buffer, at: number, sizeBytes: number): number {
  if (!(at + sizeBytes <= bytes.length)) return Number.NaN
  const number = Buffer.from(bytes.subarray(at, at + sizeBytes))
  // Little-endian files begin with "I".
  if (bytes[0] === 0x49) number.reverse()
  return Number.parseInt(number.toString('hex'), 16)
}
