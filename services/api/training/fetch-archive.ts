import { FinalError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import type { ObjectFacts, ObjectName, ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import { writeOver } from './write-over.ts'

export interface FetchDeps {
  /** With the address guard: the URL is a person's. */
  web: HttpClient
  store: ObjectStore
  streams: ObjectStreams
}

/** A hundred photos of five megabytes. What a trainer is sent of it is a fifth. */
export const maxArchiveBytes = 500_000_000

/** The whole has to pass well within one request's working time (540 s); a server that sends slower than 1.7 MB/s gives up before. */
const timeouts = { connectMs: 10_000, headersMs: 30_000, stallMs: 30_000, totalMs: 300_000 }

/**
 * Copies an archive of somebody's server into the work bucket, as a stream.
 * @throws FinalError `guard.…`, `training.archive-refused`, `training.archive-too-large`
 * @throws TransientError `http.…` while its server may still give it
 */
export async function fetchArchive(
  deps: FetchDeps,
  params: { url: string; target: ObjectName; onBytes: () => Promise<void>; signal: AbortSignal },
): Promise<ObjectFacts> {
  const { url, target, onBytes, signal } = params
  try {
    const response = await deps.web.request({ url, signal, timeouts, maxBodyBytes: maxArchiveBytes })
    try {
      return await writeOver(deps, { target, chunks: watched(response.body(), onBytes), signal })
    } finally {
      response.discard()
    }
  } catch (error) {
    throw explained(error)
  }
}

async function* watched(chunks: AsyncIterable<Uint8Array>, onBytes: () => Promise<void>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    await onBytes()
    yield chunk
  }
}

/** What a server that we know nothing of has said, in words for whoever gave us its URL. */
function explained(error: unknown): unknown {
  if (!isHttpError(error) || error.retryable) return error
  const { facts } = error
  if (error.code === 'http.too-large') {
    return new FinalError({
      code: 'training.archive-too-large',
      message: `The archive has more than ${maxArchiveBytes / 1e6} MB; send fewer or smaller photos.`,
      facts,
      cause: error,
    })
  }
  const said = error.status === null ? '' : ` (its server answered ${error.status})`
  return new FinalError({
    code: 'training.archive-refused',
    message: `The archive cannot be fetched${said}; its URL must lead to the file itself, without a login.`,
    facts,
    cause: error,
  })
}
