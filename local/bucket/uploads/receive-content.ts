import { Crc32c } from '#shared/objects/crc32c.ts'
import type { ContentStore } from '../storage/content-store.ts'
import type { Content } from '../storage/record.ts'

/** Streams bytes into a content file, hashing as they pass. Nothing is left behind where the source fails. */
export async function receiveContent(store: ContentStore, source: AsyncIterable<Buffer>): Promise<Content> {
  const writer = await store.create()
  const crc32c = new Crc32c()
  let sizeBytes = 0
  let md5Hash: string
  try {
    for await (const chunk of source) {
      crc32c.update(chunk)
      sizeBytes += chunk.byteLength
      await writer.write(chunk)
    }
    md5Hash = await writer.finish()
  } catch (error) {
    await writer.abandon().catch(() => {})
    await store.discard([{ id: writer.id, sizeBytes: 0 }])
    throw error
  }
  return {
    segments: [{ id: writer.id, sizeBytes }],
    sizeBytes,
    checksums: { crc32c: crc32c.toString(), md5Hash },
    componentCount: null,
  }
}
