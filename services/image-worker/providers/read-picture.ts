import sharp from 'sharp'
import { barePicture } from '#shared/photos/bare-picture.ts'
import { isCostlyProfile } from '#shared/photos/colour-profile.ts'
import { decodingBytes } from '#shared/photos/decoding-bytes.ts'
import type { ProviderImage } from './provider.ts'

/** An answer that was proven to be a picture. */
export interface AnsweredPicture extends ProviderImage {
  hasAlpha: boolean
}

/** What decoding may hold: the largest that we ask for, 32 megapixels, twice over. */
const mostDecodingBytes = 256_000_000

export type PictureType = ProviderImage['contentType']

/** Why an answer is not the picture it should be; the provider makes its own failure of it. */
export interface PictureFault {
  /** Reads after "is not the picture we asked for": `it cannot be decoded`. */
  what: string
  /** Neither the header nor the first bytes speak of a picture: a page or JSON in its place. */
  isOtherThing: boolean
  facts: Readonly<Record<string, unknown>>
  cause?: unknown
}

/**
 * Proves that an answer is a picture: type by header and by first bytes, both the same and one of `types`, and every pixel
 * decodes. Throws what `reject` makes of the fault.
 */
export async function readPicture(params: {
  answer: { bytes: Buffer; contentType: string }
  types: readonly PictureType[]
  reject: (fault: PictureFault) => Error
}): Promise<AnsweredPicture> {
  const { types, reject } = params
  const bytes = barePicture(params.answer.bytes)
  const contentType = params.answer.contentType.slice(0, 80)
  const type = pictureType(bytes)
  const facts = { contentType, sizeBytes: bytes.byteLength, firstBytes: type }
  const claimsPicture = types.some((known) => known === contentType)
  if (!claimsPicture || type === null) {
    throw reject({ what: `it is ${contentType || 'of no type'}`, isOtherThing: !claimsPicture && type === null, facts })
  }
  if (type !== contentType) {
    throw reject({ what: `it is called ${contentType} but is ${type}`, isOtherThing: false, facts })
  }
  const failed = (cause: unknown) => reject({ what: 'it cannot be decoded', isOtherThing: false, facts, cause })
  const header = await sharp(bytes, { failOn: 'error' })
    .metadata()
    .catch((cause: unknown) => {
      throw failed(cause)
    })
  const { width, height, hasAlpha } = header
  if (decodingBytes(header) > mostDecodingBytes) {
    throw reject({ what: `it has ${width} × ${height} pixels`, isOtherThing: false, facts })
  }
  // Every later step would decode it again.
  if (isCostlyProfile(header.icc)) {
    throw reject({ what: 'its colour profile would take too long', isOtherThing: false, facts })
  }
  try {
    // The header alone is read above; a picture cut short shows only when its pixels are.
    await sharp(bytes, { failOn: 'error' }).extractChannel(0).raw().toBuffer()
    return { bytes, contentType: type, width, height, hasAlpha }
  } catch (cause) {
    throw failed(cause)
  }
}

/** What the first bytes say (PNG §5.2, JPEG SOI, RIFF container of WebP). */
function pictureType(bytes: Buffer): PictureType | null {
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))) return 'image/png'
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg'
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp'
  return null
}
