import { pictureSignature } from '#shared/photos/picture-signature.ts'

export interface PictureFile {
  contentType: 'image/png' | 'image/jpeg' | 'image/webp'
  /** Of its object's name. */
  extension: 'png' | 'jpg' | 'webp'
}

/** Metadata that some encoders append behind the end of a JPEG. */
const JPEG_TRAILER_BYTES = 64 * 1024

/**
 * What a model's output is by its own bytes, whatever its header says; null for what browsers don't show, or what is not
 * whole. Its ends alone are looked at: a cut is found without decoding it.
 */
export function readPictureFile(bytes: Buffer): PictureFile | null {
  switch (pictureSignature(bytes)) {
    case 'png':
      return isWholePng(bytes) ? { contentType: 'image/png', extension: 'png' } : null
    case 'jpeg':
      return isWholeJpeg(bytes) ? { contentType: 'image/jpeg', extension: 'jpg' } : null
    case 'webp':
      return isWholeWebp(bytes) ? { contentType: 'image/webp', extension: 'webp' } : null
    default:
      return null
  }
}

/** The last chunk is an empty IEND (PNG §11.2.5): length, name and CRC. */
function isWholePng(bytes: Buffer): boolean {
  return bytes.subarray(-12).equals(Buffer.from('0000000049454e44ae426082', 'hex'))
}

/** There is an EOI marker (ITU T.81, B.2.1). */
function isWholeJpeg(bytes: Buffer): boolean {
  return bytes.subarray(-JPEG_TRAILER_BYTES).includes(Buffer.from([0xff, 0xd9]))
}

/** RIFF names the size of what follows its first eight bytes, without the padding. */
function isWholeWebp(bytes: Buffer): boolean {
  return bytes.length >= bytes.readUInt32LE(4) + 8
}
