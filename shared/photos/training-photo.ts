import sharp, { type Metadata, type Sharp } from 'sharp'
import { FinalError } from '../errors/app-error.ts'
import type { MalwareScanner } from '../malware/malware-scanner.ts'
import { barePicture } from './bare-picture.ts'
import { isCostlyProfile } from './colour-profile.ts'
import { decodingBytes } from './decoding-bytes.ts'
import { pictureSignature } from './picture-signature.ts'

export interface PhotoLimits {
  /** Of the photo as it came. */
  maxBytes: number
  /** Width × height, judged before a pixel is decoded. */
  maxPixels: number
  /** Longest side of what goes on. */
  maxSide: number
}

export interface TrainingPhoto {
  bytes: Buffer
  contentType: 'image/jpeg' | 'image/png'
  extension: 'jpg' | 'png'
  width: number
  height: number
}

/** A trainer looks at 1,024 pixels; twice that leaves it room to crop. */
export const photoLimits: PhotoLimits = { maxBytes: 30_000_000, maxPixels: 50_000_000, maxSide: 2048 }

/** Nothing of the picture is lost to the eye or the trainer; more only makes the archive larger. */
const jpegQuality = 90
/** What decoding may hold for a pixel of the largest photo. */
const givenBytesPerPixel = 4

/**
 * A photo of any origin → upright, sRGB, no metadata (place and camera are gone), at most `maxSide` pixels, JPEG; PNG where
 * it has an alpha channel.
 * @throws FinalError `photo.empty`, `.too-large`, `.heic`, `.not-a-photo`, `.too-many-pixels`, `.damaged`, `.infected`
 * @throws TransientError when a scanner is given and has no verdict
 */
export async function prepareTrainingPhoto(
  bytes: Buffer,
  options: { limits?: PhotoLimits; scanner?: MalwareScanner | null; signal?: AbortSignal } = {},
): Promise<TrainingPhoto> {
  const limits = options.limits ?? photoLimits
  checkBytes(bytes, limits)
  if (options.scanner) {
    const verdict = await options.scanner.scan(bytes, options.signal ?? new AbortController().signal)
    if (verdict.infected) throw photoError('infected', 'It holds malware.', { facts: { signature: verdict.signature } })
  }
  const bare = barePicture(bytes)
  // The first frame only; no half-read picture passes as a whole one.
  const decoding = { limitInputPixels: limits.maxPixels, failOn: 'error', pages: 1 } as const
  try {
    const header = await sharp(bare, decoding).metadata()
    checkPixels(header, limits)
    const picture = sharp(bare, { ...decoding, ignoreIcc: isCostlyProfile(header.icc) })
    return await encode(picture, { hasAlpha: header.hasAlpha === true, maxSide: limits.maxSide })
  } catch (cause) {
    if (cause instanceof FinalError) throw cause
    if (/pixel limit/.test(String(cause))) throw tooManyPixels(limits, {})
    throw photoError('damaged', 'It is damaged or cut short and cannot be decoded.', { cause })
  }
}

async function encode(picture: Sharp, params: { hasAlpha: boolean; maxSide: number }): Promise<TrainingPhoto> {
  const { hasAlpha, maxSide } = params
  const upright = picture
    .autoOrient()
    .resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
  const encoded = hasAlpha ? upright.png({ compressionLevel: 6 }) : upright.jpeg({ quality: jpegQuality })
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true })
  const kind = hasAlpha
    ? ({ contentType: 'image/png', extension: 'png' } as const)
    : ({ contentType: 'image/jpeg', extension: 'jpg' } as const)
  return { bytes: data, ...kind, width: info.width, height: info.height }
}

/** The bytes' own signature decides; the name and the content type of an upload prove nothing. */
function checkBytes(bytes: Buffer, limits: PhotoLimits): void {
  if (bytes.length === 0) throw photoError('empty', 'It is empty.')
  if (bytes.length > limits.maxBytes) {
    throw photoError('too-large', `It has more than ${Math.floor(limits.maxBytes / 1e6)} MB.`)
  }
  const signature = pictureSignature(bytes)
  // Sharp reads the header of HEIC, not its pixels (HEVC).
  if (signature === 'heic') {
    throw photoError('heic', 'HEIC is not taken; save it as JPEG, or let the phone send the most compatible format.')
  }
  if (signature !== 'jpeg' && signature !== 'png' && signature !== 'webp') {
    throw photoError('not-a-photo', 'It is not a JPEG, PNG or WebP picture.')
  }
}

function checkPixels(header: Metadata, limits: PhotoLimits): void {
  const { width, height } = header
  const isHeavy = decodingBytes(header) > limits.maxPixels * givenBytesPerPixel
  if (width * height > limits.maxPixels || isHeavy) throw tooManyPixels(limits, { width, height })
}

function tooManyPixels(limits: PhotoLimits, facts: Record<string, unknown>): FinalError {
  const most = Math.floor(limits.maxPixels / 1e6)
  return photoError('too-many-pixels', `It has more than the ${most} megapixels that are taken.`, { facts })
}

function photoError(
  code: string,
  message: string,
  more: { facts?: Record<string, unknown>; cause?: unknown } = {},
): FinalError {
  return new FinalError({ code: `photo.${code}`, message, ...more })
}
