import type { ObjectStore } from '#shared/objects/object-store.ts'

/** Below it lie the parts of a job's download (models bucket). */
export function finishWorkPrefix(jobId: string): string {
  return `work/${jobId}/`
}

/** Removes every part of a download. */
export async function removeFinishWork(store: ObjectStore, work: { bucket: string; jobId: string }): Promise<void> {
  for await (const object of store.list(work.bucket, finishWorkPrefix(work.jobId))) {
    await store.remove(object, object.generation)
  }
}
