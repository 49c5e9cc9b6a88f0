import sharp from 'sharp'
import { joinAlpha } from './alpha-channel.ts'
import type { ProviderImage } from './provider.ts'
import type { AnsweredPicture } from './read-picture.ts'

export interface Size {
  width: number
  height: number
}

/** An answer of about the asked shape is brought to size; one of another shape is another picture. */
const MAX_ASPECT_ERROR = 0.03

/** Whether a picture has another shape than asked for. By the shorter side in pixels too: of a thin strip, one pixel is more than 3 %. */
export function isOtherShape(picture: Size, asked: Size): boolean {
  const scale = Math.max(picture.width / asked.width, picture.height / asked.height)
  const missing = Math.max(asked.width * scale - picture.width, asked.height * scale - picture.height)
  return missing > Math.max(2, MAX_ASPECT_ERROR * Math.max(picture.width, picture.height))
}

/**
 * An upscaler's answer in exactly the target's size: as it came where it fits, else a PNG. `original` is the input where it had
 * alpha: an answer without it gets it back.
 */
export async function finishUpscale(params: {
  picture: AnsweredPicture
  original: ProviderImage | null
  target: Size
}): Promise<ProviderImage> {
  const { picture, original, target } = params
  const { width, height } = target
  if (original !== null && !picture.hasAlpha) {
    return await joinAlpha({ colours: picture.bytes, alpha: original.bytes, size: target })
  }
  if (picture.width === width && picture.height === height) {
    const { hasAlpha: _, ...image } = picture
    return image
  }
  const bytes = await sharp(picture.bytes)
    .resize(width, height, { fit: 'fill' })
    .png({ compressionLevel: 3 })
    .toBuffer()
  return { bytes, contentType: 'image/png', width, height }
}
