import sharp from 'sharp'
import { FinalError } from '#shared/errors/app-error.ts'
import type { UpscaleProvider } from '../provider.ts'

/**
 * Enlarges with Lanczos3 (libvips' own threads, off the event loop). sharp multiplies colour by alpha before it resizes,
 * so transparent pixels leave no dark fringe. Answers PNG; throws a FinalError for bytes that cannot be decoded.
 */
export function createLocalUpscaleProvider(): UpscaleProvider {
  return {
    name: 'local',
    paid: false,
    async upscale({ bytes }, { width, height }, { signal }) {
      signal.throwIfAborted()
      const enlarged = await sharp(bytes)
        .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
        .toColourspace('srgb')
        .png({ compressionLevel: 3 })
        .toBuffer()
        .catch((cause: unknown) => {
          throw new FinalError({
            code: 'local.unreadable-image',
            message: 'The picture could not be read for upscaling; upload it again as PNG, JPEG or WebP.',
            cause,
          })
        })
      signal.throwIfAborted()
      return {
        image: { bytes: enlarged, contentType: 'image/png', width, height },
        credits: null,
        remainingCredits: null,
      }
    },
  }
}
