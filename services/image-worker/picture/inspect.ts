import sharp, { type Metadata } from 'sharp'
import { FinalError } from '#shared/errors/app-error.ts'

export interface PictureLimits {
  /** Width × height, judged before a pixel is decoded. */
  maxPixels: number
}

export interface PictureFacts {
  format: string
  width: number
  height: number
  hasAlpha: boolean
}

/** What we decode, by the bytes' own signature; the name and the content type of an upload prove nothing. */
const formats = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif'])

/** Options for every decoder: the first frame only, no half-read picture passes as a whole one. */
export function decoderOptions(limits: PictureLimits) {
  return { limitInputPixels: limits.maxPixels, failOn: 'error', pages: 1 } as const
}

/**
 * Reads a picture's header.
 * @throws FinalError `image.empty`, `image.not-a-picture`, `image.unsupported`, `image.too-many-pixels`.
 */
export async function inspectPicture(bytes: Buffer, limits: PictureLimits): Promise<PictureFacts> {
  if (bytes.length === 0) throw new FinalError({ code: 'image.empty', message: 'The uploaded file is empty.' })
  // SVG is a program, HTML is a page, and sharp would draw the first: neither is a picture here.
  if (looksLikeMarkup(bytes)) {
    throw new FinalError({ code: 'image.not-a-picture', message: 'The uploaded file holds text, not a picture.' })
  }
  let header: Metadata
  try {
    header = await sharp(bytes, { ...decoderOptions(limits), limitInputPixels: false }).metadata()
  } catch (cause) {
    throw new FinalError({
      code: 'image.not-a-picture',
      message: 'The uploaded file is not a picture that we can read.',
      cause,
    })
  }
  const { format, width, height } = header
  if (!formats.has(format)) {
    throw new FinalError({
      code: 'image.unsupported',
      message: `Pictures of type ${format} are not processed; use PNG, JPEG or WebP.`,
    })
  }
  if (width * height > limits.maxPixels) {
    throw new FinalError({
      code: 'image.too-many-pixels',
      message: `The picture has ${width} × ${height} pixels; at most ${Math.floor(limits.maxPixels / 1e6)} megapixels are processed.`,
      facts: { width, height },
    })
  }
  return { format, width, height, hasAlpha: header.hasAlpha ?? false }
}

function looksLikeMarkup(bytes: Buffer): boolean {
  const start = bytes
    .subarray(0, 512)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
  return start.startsWith('<')
}
