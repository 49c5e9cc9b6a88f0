import sharp from 'sharp'
import type { ProviderImage } from '../../../../../services/image-worker/providers/provider.ts'

/** A disc on a plain ground, as PNG without alpha. */
export async function discPicture(width: number, height: number): Promise<ProviderImage> {
  const disc = Buffer.from(
    `<svg width="${width}" height="${height}"><ellipse cx="${width / 2}" cy="${height / 2}" rx="${width / 4}" ry="${height / 4}" fill="#c03020"/></svg>`,
  )
  const bytes = await sharp({ create: { width, height, channels: 3, background: '#d8e8f0' } })
    .composite([{ input: disc }])
    .removeAlpha()
    .png({ compressionLevel: 1 })
    .toBuffer()
  return { bytes, contentType: 'image/png', width, height }
}

/** The same disc with nothing around it. */
export async function cutOutPicture(width: number, height: number): Promise<ProviderImage> {
  const disc = Buffer.from(
    `<svg width="${width}" height="${height}"><ellipse cx="${width / 2}" cy="${height / 2}" rx="${width / 4}" ry="${height / 4}" fill="#c03020"/></svg>`,
  )
  return { bytes: await sharp(disc).png().toBuffer(), contentType: 'image/png', width, height }
}

/** A file of at least so many bytes; decoders stop at the end of the picture. */
export function padded(picture: ProviderImage, sizeBytes: number): ProviderImage {
  return { ...picture, bytes: Buffer.concat([picture.bytes, Buffer.alloc(sizeBytes)]) }
}

export interface Pixel {
  red: number
  green: number
  blue: number
  alpha: number
}

/** The pixel at a place given as shares of width and height. */
export async function pixelAt(bytes: Buffer, x: number, y: number): Promise<Pixel> {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 4
  const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray(at, at + 4)
  return { red, green, blue, alpha }
}
