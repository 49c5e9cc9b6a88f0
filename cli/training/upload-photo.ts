import { type FileHandle, open } from 'node:fs/promises'
import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import type { HttpResponse } from '#shared/http/response.ts'
import { type RetryOptions, retry } from '#shared/retry/retry.ts'
import type { UploadRecord } from '../api/records.ts'
import type { PhotoFile } from './photo-files.ts'

/** What is sent in one request, a multiple of 256 KiB as the protocol wants it: lost at most when a connection breaks. */
const CHUNK_BYTES = 8 * 1024 * 1024

/**
 * Sends a file through a resumable session of Cloud Storage, started with a signed URL; goes on where it broke off.
 * `onProgress` gets how many bytes are there.
 * @throws FinalError `forge.upload-refused`, or what the last of several tries failed with.
 */
export async function uploadPhoto(
  http: HttpClient,
  params: {
    photo: PhotoFile
    upload: UploadRecord
    signal: AbortSignal
    onProgress: (doneBytes: number) => void
    retry?: Pick<RetryOptions, 'sleep' | 'random' | 'policy'>
  },
): Promise<void> {
  const { photo, upload, signal, onProgress } = params
  const file = await open(photo.path)
  try {
    const session = await retry(() => startSession(http, upload, signal), { signal, ...params.retry })
    let doneBytes = 0
    let isUnsure = false
    while (doneBytes < photo.sizeBytes) {
      // Each chunk has its own tries: what moves on may go on.
      doneBytes = await retry(
        async () => {
          if (isUnsure) doneBytes = await askHowFar(http, { session, photo, signal })
          isUnsure = true
          if (doneBytes < photo.sizeBytes)
            doneBytes = await sendChunk(http, { session, photo, file, doneBytes, signal })
          isUnsure = false
          return doneBytes
        },
        { signal, ...params.retry },
      )
      onProgress(doneBytes)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw refusalOf(error, photo)
  } finally {
    await file.close()
  }
}

async function startSession(http: HttpClient, upload: UploadRecord, signal: AbortSignal): Promise<string> {
  const { url, method, headers } = upload
  const response = await http.request({ url, method, headers, signal })
  response.discard()
  const { location } = response.headers
  if (location !== undefined) return location
  throw new FinalError({ code: 'forge.upload-refused', message: 'The bucket began no upload.' })
}

interface Position {
  session: string
  photo: PhotoFile
  signal: AbortSignal
}

async function sendChunk(
  http: HttpClient,
  { session, photo, file, doneBytes, signal }: Position & { file: FileHandle; doneBytes: number },
): Promise<number> {
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, photo.sizeBytes - doneBytes))
  const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, doneBytes)
  if (bytesRead < chunk.byteLength) {
    throw new FinalError({ code: 'forge.photo-changed', message: `${photo.path} became shorter while it was sent.` })
  }
  const range = `bytes ${doneBytes}-${doneBytes + chunk.byteLength - 1}/${photo.sizeBytes}`
  const body = { kind: 'bytes', bytes: chunk, contentType: null } as const
  const keptBytes = await put(http, { session, photo, signal }, { headers: { 'content-range': range }, body })
  if (keptBytes > doneBytes) return keptBytes
  // Otherwise a bucket that keeps nothing would be sent to for ever.
  throw new TransientError({ code: 'forge.upload-stalled', message: `The bucket keeps nothing of ${photo.name}.` })
}

function askHowFar(http: HttpClient, position: Position): Promise<number> {
  return put(http, position, { headers: { 'content-range': `bytes */${position.photo.sizeBytes}` } })
}

/** @returns how many bytes are there: 308 says so in `Range`, and without one it is none. */
async function put(
  http: HttpClient,
  { session, photo, signal }: Position,
  request: { headers: Record<string, string>; body?: { kind: 'bytes'; bytes: Uint8Array; contentType: null } },
): Promise<number> {
  const response: HttpResponse = await http.request({
    url: session,
    method: 'PUT',
    signal,
    // 308 is no redirect here.
    redirect: 'manual',
    acceptStatus: (status) => status === 200 || status === 201 || status === 308,
    ...request,
  })
  response.discard()
  if (response.status !== 308) return photo.sizeBytes
  return Number(/^bytes=0-(\d+)$/.exec(response.headers.range ?? '')?.[1] ?? -1) + 1
}

/** A bucket's refusal in words; its answer would show the signed URL. */
function refusalOf(error: unknown, photo: PhotoFile): unknown {
  if (!isHttpError(error) || error.answer === null) return error
  const reason = /<Code>(\w+)<\/Code>/.exec(error.answer.bodyText)?.[1]
  const init = {
    code: 'forge.upload-refused',
    message: `The bucket did not take ${photo.name} (${error.status}${reason === undefined ? '' : `, ${reason}`}).`,
    cause: error,
  }
  return error.retryable ? new TransientError(init) : new FinalError(init)
}
