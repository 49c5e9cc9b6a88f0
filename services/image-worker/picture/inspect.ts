import sharp, { type Metadata } from 'sharp'
import { FinalError } from '#shared/errors/app-error.ts'
import { isCostlyProfile } from '#shared/photos/colour-profile.ts'
import { decodingBytes } from '#shared/photos/decoding-bytes.ts'
import { pictureSignature } from '#shared/photos/picture-signature.ts'

export interface PictureLimits {
  /** Width × height, judged before a pixel is decoded. */
  maxPixels: number
}

export interface PictureFacts {
  format: string
  width: number
  height: number
  hasAlpha: boolean
  /** What decoding may hold at once. */
  decodingBytes: number
  /** Its colours are taken for sRGB (CMYK: for the usual inks), because its own profile would cost too much. */
  ignoreIcc: boolean
}

/** What we decode, by the bytes' own signature; the name and the content type of an upload prove nothing. */
const formats = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif'])

/** RFC 1952, §2.3.1. */
const gzip = Buffer.from([0x1f, 0x8b])

/** Eight bits of red, green, blue and alpha: with the most pixels, what one picture may take. */
const givenBytesPerPixel = 4

/** Options for every decoder: the first frame only, no half-read picture passes as a whole one. */
export function decoderOptions(limits: PictureLimits) {
  return { limitInputPixels: limits.maxPixels, failOn: 'error', pages: 1 } as const
}

/**
 * Reads a picture's header.
 * @throws FinalError `image.empty`, `image.not-a-picture`, `image.unsupported`, `image.damaged`, `image.too-many-pixels`,
 * `image.too-heavy`.
 */
export async function inspectPicture(bytes: Buffer, limits: PictureLimits): Promise<PictureFacts> {
  if (bytes.length === 0) throw new FinalError({ code: 'image.empty', message: 'The uploaded file is empty.' })
  // SVG is a program, HTML is a page, and sharp would draw the first: neither is a picture here.
  if (looksLikeMarkup(bytes)) {
    throw new FinalError({ code: 'image.not-a-picture', message: 'The uploaded file holds text, not a picture.' })
  }
  const signature = pictureSignature(bytes)
  // Its header can be read, its pixels (HEVC) cannot: without this it would pass for a damaged picture.
  if (signature === 'heic') throw unsupported('HEIC')
  if (signature === null) checkContainer(bytes)
  let header: Metadata
  try {
    header = await sharp(bytes, { ...decoderOptions(limits), limitInputPixels: false }).metadata()
  } catch (cause) {
    throw signature === null ? notAPicture(cause) : damagedPicture(cause)
  }
  const { format, width, height, icc } = header
  if (!formats.has(format)) throw unsupported(format)
  checkSize(header, limits)
  return {
    format,
    width,
    height,
    hasAlpha: header.hasAlpha ?? false,
    decodingBytes: decodingBytes(header),
    ignoreIcc: isCostlyProfile(icc),
  }
}

/**
 * Of what begins like no picture only the containers of pictures get as far as a decoder: others, asked for their header,
 * unpack and read all of a file (90 kB of packed SVG take 1.5 GB).
 */
function checkContainer(bytes: Buffer): void {
  if (bytes.subarray(0, 2).equals(gzip)) throw unsupported('SVG (packed)')
  const isMediaFile = bytes.toString('latin1', 4, 8) === 'ftyp'
  if (!isMediaFile) throw notAPicture()
}

function notAPicture(cause?: unknown): FinalError {
  return new FinalError({
    code: 'image.not-a-picture',
    message: 'The uploaded file is not a picture that we can read.',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** For pixels or a header that cannot be decoded. */
export function damagedPicture(cause: unknown): FinalError {
  return new FinalError({
    code: 'image.damaged',
    message: 'The picture is damaged or cut short and cannot be decoded.',
    cause,
  })
}

function unsupported(format: string): FinalError {
  return new FinalError({
    code: 'image.unsupported',
    message: `Pictures of type ${format} are not processed; use PNG, JPEG or WebP.`,
  })
}

function checkSize(header: Metadata, { maxPixels }: PictureLimits): void {
  const { width, height } = header
  const facts = { width, height }
  if (width * height > maxPixels) {
    throw new FinalError({
      code: 'image.too-many-pixels',
      message: `The picture has ${width} × ${height} pixels; at most ${Math.floor(maxPixels / 1e6)} megapixels are processed.`,
      facts,
    })
  }
  const needed = decodingBytes(header)
  const given = maxPixels * givenBytesPerPixel
  if (needed > given) {
    const megabytes = (bytes: number) => Math.round(bytes / 1e6)
    throw new FinalError({
      code: 'image.too-heavy',
      message: `The picture takes ${megabytes(needed)} MB to decode, more than the ${megabytes(given)} MB that one may have; make it smaller, or save it as a baseline JPEG or an 8-bit PNG.`,
      facts,
    })
  }
}

function looksLikeMarkup(bytes: Buffer): boolean {
  const start = bytes
    .subarray(0, 512)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
  return start.startsWith('<')
}
