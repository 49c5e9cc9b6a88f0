import sharp from 'sharp'
import { oneAtATime } from './one-at-a-time.ts'
import type { VariantPlan } from './variants.ts'

/** No WebP may be longer or wider (RFC 9649, §2.5: 14 bits a side); AVIF keeps to it too. */
const maxSide = 16_383

/** The encoders hold a picture several times over (4096²: WebP 400 MB, AVIF 520 MB), so that only one of them works. */
const encoderTurn = oneAtATime()

/** A finished picture in another format or size, alpha kept, nothing in it but pixels. Never enlarged. */
export async function renderVariant(bytes: Buffer, plan: VariantPlan): Promise<Buffer> {
  return await encoderTurn(() => encode(bytes, plan))
}

async function encode(bytes: Buffer, plan: VariantPlan): Promise<Buffer> {
  const resized = sharp(bytes)
    .resize({
      width: plan.width ?? maxSide,
      ...(plan.width === null ? { height: maxSide } : {}),
      fit: 'inside',
      withoutEnlargement: true,
    })
    .toColourspace('srgb')
  switch (plan.format) {
    case 'png':
      return await resized.png({ compressionLevel: 6 }).toBuffer()
    case 'webp':
      return await resized.webp({ quality: 85, alphaQuality: 95, effort: 4 }).toBuffer()
    case 'avif':
      // Effort 2: a quarter of the default's time for a few per cent more bytes.
      return await resized.avif({ quality: 60, effort: 2 }).toBuffer()
    default:
      return plan.format satisfies never
  }
}
