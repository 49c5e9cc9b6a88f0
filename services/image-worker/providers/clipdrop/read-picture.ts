import sharp from 'sharp'
import type { ProviderImage } from '../provider.ts'
import type { ClipDropAnswer } from './clipdrop-call.ts'
import { badAnswer } from './clipdrop-errors.ts'

/** An answer that was proven to be a picture. */
export interface AnsweredPicture extends ProviderImage {
  hasAlpha: boolean
}

type PictureType = ProviderImage['contentType']

/**
 * Proves that an answer is a picture: type by header and by first bytes, both the same and one of `types`, and every pixel
 * decodes. Throws `clipdrop.bad-answer`.
 */
export async function readPicture(answer: ClipDropAnswer, types: readonly PictureType[]): Promise<AnsweredPicture> {
  const { bytes, credits } = answer
  const type = pictureType(bytes)
  const facts = { contentType: answer.contentType.slice(0, 80), sizeBytes: bytes.byteLength, firstBytes: type, credits }
  const claimsPicture = types.some((known) => known === answer.contentType)
  if (!claimsPicture || type === null) {
    // A page or JSON in place of a picture is no work done, unless the credits say otherwise.
    const answered = !claimsPicture && type === null && (credits ?? 0) === 0
    throw badAnswer(`it is ${answer.contentType.slice(0, 80) || 'of no type'}`, { answered, facts })
  }
  if (type !== answer.contentType)
    throw badAnswer(`it is called ${answer.contentType} but is ${type}`, { answered: false, facts })
  try {
    const { width, height, hasAlpha } = await sharp(bytes, { failOn: 'error' }).metadata()
    // The header alone is read above; a picture cut short shows only when its pixels are.
    await sharp(bytes, { failOn: 'error' }).extractChannel(0).raw().toBuffer()
    return { bytes, contentType: type, width, height, hasAlpha }
  } catch (cause) {
    throw badAnswer('it cannot be decoded', { answered: false, facts, cause })
  }
}

/** What the first bytes say (PNG §5.2, JPEG SOI, RIFF container of WebP). */
function pictureType(bytes: Buffer): PictureType | null {
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))) return 'image/png'
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg'
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp'
  return null
}
