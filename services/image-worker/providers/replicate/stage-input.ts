import type { ReplicateClient } from '#shared/replicate/client.ts'
import { toDataUrl } from '#shared/replicate/data-url.ts'
import type { ProviderImage } from '../provider.ts'

/** A picture where a model can read it. */
export interface StagedInput {
  url: string
  /** Takes it away again. Never throws: Replicate does it by itself after a day. */
  remove(): Promise<void>
}

/** Advised for data URLs (contract §2); base64 makes a third more of the bytes. */
const MAX_INLINE_BYTES = 190 * 1024
const REMOVE_WITHIN_MS = 2_000

const EXTENSIONS = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' } as const

/** Puts a picture into the input itself where it is small, else into Replicate's files. Costs nothing. */
export async function stageInput(
  client: ReplicateClient,
  image: ProviderImage,
  signal: AbortSignal,
): Promise<StagedInput> {
  const { bytes, contentType } = image
  if (bytes.byteLength <= MAX_INLINE_BYTES) return { url: toDataUrl(bytes, contentType), remove: async () => {} }
  const fileName = `image.${EXTENSIONS[contentType]}`
  const file = await client.files.upload({ bytes, contentType, fileName, signal })
  return {
    url: file.url,
    async remove() {
      await client.files.remove(file.id, { signal: AbortSignal.timeout(REMOVE_WITHIN_MS) }).catch(() => {})
    },
  }
}
