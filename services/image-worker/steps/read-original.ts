import { FinalError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { objectNameInUrl } from '#shared/objects/object-url.ts'
import type { ImageInput } from '../image-input.ts'

export interface ReadOriginalDeps {
  store: ObjectStore
  /** Guarded, without credentials: the URL is a user's. */
  web: HttpClient
  bucket: string
  maxBytes: number
}

/**
 * The bytes that the job starts from: the upload at its generation, or the character's main image.
 * @throws CanceledError when the upload was replaced, FinalError when it is gone, too large or not to be fetched.
 */
export async function readOriginal(deps: ReadOriginalDeps, input: ImageInput, signal: AbortSignal): Promise<Buffer> {
  return input.source === 'upload' ? await readUpload(deps, input) : await readMainImage(deps, input, signal)
}

async function readUpload(deps: ReadOriginalDeps, input: Extract<ImageInput, { source: 'upload' }>): Promise<Buffer> {
  const bytes = await deps.store.read(input, { generation: input.generation, maxBytes: deps.maxBytes })
  if (bytes) return bytes
  if (await deps.store.stat(input)) {
    throw new CanceledError({ code: 'image.upload-replaced', message: 'The upload was replaced by a newer one.' })
  }
  throw new FinalError({
    code: 'image.upload-gone',
    message: 'The uploaded picture was deleted before it was processed.',
  })
}

async function readMainImage(
  deps: ReadOriginalDeps,
  input: Extract<ImageInput, { source: 'main-image' }>,
  signal: AbortSignal,
): Promise<Buffer> {
  // Admission refuses a request without one.
  if (input.imageUrl === null)
    throw new FinalError({ code: 'image.no-picture', message: 'The character has no main image.' })
  const name = objectNameInUrl(input.imageUrl, deps.bucket)
  // Our own rights reach further than the user's: they are used for the user's own uploads only.
  if (name?.startsWith(`raw-uploads/${input.userId}/`)) {
    const object = { bucket: deps.bucket, name }
    const facts = await deps.store.stat(object)
    const bytes = facts && (await deps.store.read(object, { generation: facts.generation, maxBytes: deps.maxBytes }))
    if (bytes) return bytes
    throw new FinalError({ code: 'image.main-image-gone', message: 'The main image no longer exists.' })
  }
  const response = await deps.web.request({ url: input.imageUrl, signal, maxBodyBytes: deps.maxBytes })
  return await response.bytes()
}
