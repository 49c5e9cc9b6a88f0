import { type FileHandle, open } from 'node:fs/promises'
import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import type { HttpResponse } from '#shared/http/response.ts'
import { type RetryOptions, retry } from '#shared/retry/retry.ts'

/** What is sent in one request, a multiple of 256 KiB as the protocol wants it: lost at most when a connection breaks. */
const CHUNK_BYTES = 8 * 1024 * 1024
/** How Cloud Storage says that there is no such session: never, or no longer. */
const NO_SESSION: readonly (number | null)[] = [404, 410, 499]

/** How to begin an upload: a signed URL. */
export interface UploadStart {
  url: string
  method: string
  headers: Record<string, string>
}

/** What is sent. */
export interface FileToSend {
  path: string
  name: string
  sizeBytes: number
}

/** The address of an upload under way, which is its own permission for a week. */
export type UploadSession = string

/**
 * Sends a file through a resumable session of Cloud Storage, started with a signed URL; goes on where it broke off, also with
 * a `session` that an earlier call had begun. `onProgress` gets how many bytes are there, `onSession` what to go on with.
 * @throws FinalError `forge.upload-refused`, `forge.file-changed`, or what the last of several tries failed with.
 */
export async function sendFile(
  http: HttpClient,
  params: {
    file: FileToSend
    start: UploadStart
    session?: UploadSession | null
    signal: AbortSignal
    onProgress: (doneBytes: number) => void
    onSession?: (session: UploadSession) => Promise<void>
    retry?: Pick<RetryOptions, 'sleep' | 'random' | 'policy'>
  },
): Promise<void> {
  const { file, signal, onProgress } = params
  const opened = await open(file.path)
  try {
    const begun = await openSession(http, params)
    let { doneBytes } = begun
    const position = { session: begun.session, file, signal }
    onProgress(doneBytes)
    let isUnsure = false
    while (doneBytes < file.sizeBytes) {
      // Each chunk has its own tries: what moves on may go on.
      doneBytes = await retry(
        async () => {
          if (isUnsure) doneBytes = await askHowFar(http, position)
          isUnsure = true
          if (doneBytes < file.sizeBytes) doneBytes = await sendChunk(http, { ...position, opened, doneBytes })
          isUnsure = false
          return doneBytes
        },
        { signal, ...params.retry },
      )
      onProgress(doneBytes)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw refusalOf(error, file)
  } finally {
    await opened.close()
  }
}

/** The session that is given, as long as the bucket knows it; else a new one. */
async function openSession(
  http: HttpClient,
  params: Parameters<typeof sendFile>[1],
): Promise<{ session: UploadSession; doneBytes: number }> {
  const { file, start, session: given = null, signal } = params
  const options = { signal, ...params.retry }
  if (given !== null) {
    try {
      const doneBytes = await retry(() => askHowFar(http, { session: given, file, signal }), options)
      // One that is complete, of an object that has to be sent, was of an object that is gone.
      if (doneBytes < file.sizeBytes) return { session: given, doneBytes }
    } catch (error) {
      if (!isHttpError(error) || !NO_SESSION.includes(error.status)) throw error
    }
  }
  const session = await retry(() => startSession(http, start, signal), options)
  await params.onSession?.(session)
  return { session, doneBytes: 0 }
}

async function startSession(http: HttpClient, start: UploadStart, signal: AbortSignal): Promise<UploadSession> {
  const { url, method, headers } = start
  const response = await http.request({ url, method, headers, signal })
  response.discard()
  const { location } = response.headers
  if (location !== undefined) return location
  throw new FinalError({ code: 'forge.upload-refused', message: 'The bucket began no upload.' })
}

interface Position {
  session: UploadSession
  file: FileToSend
  signal: AbortSignal
}

async function sendChunk(
  http: HttpClient,
  { session, file, opened, doneBytes, signal }: Position & { opened: FileHandle; doneBytes: number },
): Promise<number> {
  const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, file.sizeBytes - doneBytes))
  const { bytesRead } = await opened.read(chunk, 0, chunk.byteLength, doneBytes)
  if (bytesRead < chunk.byteLength) {
    throw new FinalError({ code: 'forge.file-changed', message: `${file.path} became shorter while it was sent.` })
  }
  const range = `bytes ${doneBytes}-${doneBytes + chunk.byteLength - 1}/${file.sizeBytes}`
  const body = { kind: 'bytes', bytes: chunk, contentType: null } as const
  const keptBytes = await put(http, { session, file, signal }, { headers: { 'content-range': range }, body })
  if (keptBytes > doneBytes) return keptBytes
  // Otherwise a bucket that keeps nothing would be sent to for ever.
  throw new TransientError({ code: 'forge.upload-stalled', message: `The bucket keeps nothing of ${file.name}.` })
}

function askHowFar(http: HttpClient, position: Position): Promise<number> {
  return put(http, position, { headers: { 'content-range': `bytes */${position.file.sizeBytes}` } })
}

/** @returns how many bytes are there: 308 says so in `Range`, and without one it is none. */
async function put(
  http: HttpClient,
  { session, file, signal }: Position,
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
  if (response.status !== 308) return file.sizeBytes
  return Number(/^bytes=0-(\d+)$/.exec(response.headers.range ?? '')?.[1] ?? -1) + 1
}

/** A bucket's refusal in words; its answer would show the signed URL. */
function refusalOf(error: unknown, file: FileToSend): unknown {
  if (!isHttpError(error) || error.answer === null) return error
  const reason = /<Code>(\w+)<\/Code>/.exec(error.answer.bodyText)?.[1]
  const init = {
    code: 'forge.upload-refused',
    message: `The bucket did not take ${file.name} (${error.status}${reason === undefined ? '' : `, ${reason}`}).`,
    cause: error,
  }
  return error.retryable ? new TransientError(init) : new FinalError(init)
}
