import type { Call } from '../http/call.ts'
import type { NewObject, ObjectStore } from '../storage/object-store.ts'
import { parsePreconditions } from '../storage/preconditions.ts'
import type { Content, ObjectRecord } from '../storage/record.ts'

interface SharedObject extends Omit<NewObject, 'content' | 'uploadId'> {
  /** What is known of the content; its files are the sources' in order. */
  content: Omit<Content, 'segments'>
}

/** Makes one object of others' content. The sources are held while their files get second names. */
export async function putShared(
  store: ObjectStore,
  call: Call,
  sources: readonly ObjectRecord[],
  object: SharedObject,
): Promise<ObjectRecord> {
  const stored = sources.flatMap(({ content }) => content.segments)
  const release = store.content.pin(stored)
  try {
    const conditions = parsePreconditions(call.query)
    store.checkWrite(object.bucket, object.name, conditions)
    const segments = await store.content.share(stored)
    try {
      return await store.put({ ...object, content: { ...object.content, segments }, uploadId: null }, conditions)
    } catch (error) {
      await store.content.discard(segments)
      throw error
    }
  } finally {
    release()
  }
}
