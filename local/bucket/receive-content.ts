import { RunningChecksum } from './checksums.ts'
import type { ContentStore } from './content-store.ts'
import type { Content } from './record.ts'

/** Streams bytes into a content file, hashing as they pass. Nothing is left behind where the source fails. */
export async function receiveContent(store: ContentStore, source: AsyncIterable<Buffer>): Promise<Content> {
  const writer = await store.create()
  const checksum = new RunningChecksum()
  try {
    for await (const chunk of source) {
      checksum.update(chunk)
      await writer.write(chunk)
    }
    await writer.finish()
  } catch (error) {
    await writer.abandon().catch(() => {})
    await store.discard([{ id: writer.id, sizeBytes: 0 }])
    throw error
  }
  const { sizeBytes } = checksum
  return {
    segments: [{ id: writer.id, sizeBytes }],
    sizeBytes,
    checksums: checksum.finish(),
    componentCount: null,
  }
}
