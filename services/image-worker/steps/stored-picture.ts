import { FinalError } from '#shared/errors/app-error.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { GenerationChangedError, type ObjectFacts, type ObjectStore } from '#shared/objects/object-store.ts'
import type { ImageInput } from '../image-input.ts'
import { stepObjectName } from '../object-names.ts'
import type { ProviderImage } from '../providers/provider.ts'

/** A step's result as the job remembers it: where the bytes lie, at which generation, and who made them. */
export interface StoredPicture {
  bucket: string
  name: string
  generation: string
  contentType: ProviderImage['contentType']
  width: number
  height: number
  /** The provider, or why none was needed. */
  by: string
  /** How long it took, with all that it needed. */
  ms: number
}

/** Enough for any PNG of the largest size that we make. */
const maxBytes = 256 * 1024 * 1024

/** Puts a picture into the work bucket under this claim's own name. */
export async function storePicture(
  store: ObjectStore,
  run: JobRun<ImageInput>,
  params: { bucket: string; step: string; image: ProviderImage; by: string; ms: number },
): Promise<StoredPicture> {
  const { image } = params
  const object = stepObjectName(params.bucket, { jobId: run.id, step: params.step, fence: run.fence })
  const facts = await createOnce(store, { ...object, bytes: image.bytes, contentType: image.contentType })
  return {
    ...object,
    generation: facts.generation,
    contentType: image.contentType,
    width: image.width,
    height: image.height,
    by: params.by,
    ms: params.ms,
  }
}

async function createOnce(
  store: ObjectStore,
  write: { bucket: string; name: string; bytes: Buffer; contentType: string },
): Promise<ObjectFacts> {
  try {
    return await store.write({ ...write, ifGeneration: '0' })
  } catch (error) {
    // Only this claim writes this name: it is our own earlier request, whose answer was lost.
    const own = error instanceof GenerationChangedError ? await store.stat(write) : null
    if (own) return own
    throw error
  }
}

/** Reads a picture that an earlier step stored. */
export async function loadPicture(store: ObjectStore, stored: StoredPicture): Promise<ProviderImage> {
  const bytes = await store.read(stored, { generation: stored.generation, maxBytes })
  if (!bytes) {
    throw new FinalError({
      code: 'image.work-gone',
      message: 'A stored intermediate picture is gone; start the processing again.',
      facts: { name: stored.name },
    })
  }
  return { bytes, contentType: stored.contentType, width: stored.width, height: stored.height }
}
