import sharp from 'sharp'
import type { SoftMask } from './background-model.ts'

/**
 * The picture with the mask, enlarged to its size, as alpha: an RGBA PNG. Colour under zero alpha becomes black, since
 * it would leak into later resizing, and costs bytes. Without a mask the picture comes back whole and opaque.
 */
export async function applyMask(
  bytes: Uint8Array,
  size: { width: number; height: number },
  mask: SoftMask | null,
): Promise<Uint8Array> {
  const { data, info } = await sharp(bytes)
    .ensureAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  if (info.width !== size.width || info.height !== size.height) {
    throw new RangeError(`The picture has ${info.width}×${info.height} pixels, not ${size.width}×${size.height}.`)
  }
  if (mask) {
    const alpha = await enlarge(mask, size)
    for (let i = 0, at = 0; i < alpha.length; i++, at += 4) {
      const opacity = alpha[i] as number
      if (opacity === 0) data.fill(0, at, at + 4)
      else data[at + 3] = opacity
    }
  }
  const png = await sharp(data, { raw: { width: size.width, height: size.height, channels: 4 } })
    .png({ compressionLevel: 3 })
    .toBuffer()
  // A copy of its own: sharp's memory can't be handed to another thread.
  return new Uint8Array(png)
}

/** Cubic: smooth between the mask's few pixels, without the rings that sharper kernels draw. */
async function enlarge(mask: SoftMask, size: { width: number; height: number }): Promise<Buffer> {
  const levels = Uint8Array.from(mask.values, (value) => Math.round(value * 255))
  return await sharp(levels, { raw: { width: mask.width, height: mask.height, channels: 1 } })
    .resize(size.width, size.height, { fit: 'fill', kernel: 'cubic' })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer()
}
