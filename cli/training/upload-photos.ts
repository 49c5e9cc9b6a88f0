import type { ApiClient } from '../api/api-client.ts'
import { uploadsAnswer } from '../api/records.ts'
import { sendFile } from '../uploads/send-file.ts'
import type { PhotoFile } from './photo-files.ts'

/** As many as a home's uplink keeps busy; more would only make each slower. */
const UPLOADS_AT_ONCE = 4

/**
 * Uploads photos through URLs that the API signs for them.
 * @returns the names of the objects, in the order of the photos. @throws AppError; what is there by then is removed by the
 * service after a day.
 */
export async function uploadPhotos(
  api: ApiClient,
  params: { photos: readonly PhotoFile[]; signal: AbortSignal; onProgress: (doneBytes: number) => void },
): Promise<string[]> {
  const { photos, onProgress } = params
  const files = photos.map(({ name, contentType, sizeBytes }) => ({ name, contentType, sizeBytes }))
  const { uploads } = await api.post('/api/uploads', { files }, uploadsAnswer, params.signal)
  // The first that fails ends the others.
  const failed = new AbortController()
  const signal = AbortSignal.any([params.signal, failed.signal])
  const done = photos.map(() => 0)
  const queue = photos.entries()
  const work = async (): Promise<void> => {
    for (const [index, photo] of queue) {
      const upload = uploads[index]
      if (upload === undefined) throw new Error('The API signed fewer uploads than were asked for.')
      const onPhoto = (doneBytes: number): void => {
        done[index] = doneBytes
        onProgress(done.reduce((sum, bytes) => sum + bytes, 0))
      }
      await sendFile(api.http, { file: photo, start: upload, signal, onProgress: onPhoto })
    }
  }
  const workers = Array.from({ length: UPLOADS_AT_ONCE }, () =>
    work().catch((error: unknown) => {
      failed.abort(error)
      throw error
    }),
  )
  const ends = await Promise.allSettled(workers)
  params.signal.throwIfAborted()
  if (ends.some((end) => end.status === 'rejected')) throw failed.signal.reason
  return uploads.map(({ objectName }) => objectName)
}
