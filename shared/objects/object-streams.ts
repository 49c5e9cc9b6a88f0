import type { Storage } from '@google-cloud/storage'
import { AppError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import { Crc32c } from './crc32c.ts'
import { type ObjectFacts, type ObjectName, type ObjectResource, toFacts } from './object-facts.ts'
import { GenerationChangedError } from './object-store.ts'
import { isRefusal } from './objects-error.ts'

/** A commit of many bytes may take long; silence while bytes should move may not. */
const TIMEOUTS = { connectMs: 10_000, headersMs: 120_000, stallMs: 30_000, totalMs: null }

export interface ObjectStreamsOptions {
  /** `https://storage.googleapis.com`, or a bucket server on this machine. */
  origin: string
  /** Null where none is asked for. */
  accessToken: () => Promise<string | null>
  http?: HttpClient
}

export interface ObjectUpload extends ObjectName {
  /** Its failures are thrown as they are. Stopped early when the upload fails. */
  chunks: AsyncIterable<Uint8Array>
  /** Null where it is known only at the end. */
  sizeBytes: number | null
  contentType: string
  ifGeneration: string
  signal?: AbortSignal | undefined
}

/**
 * Objects too large for memory, as streams over plain HTTP, and the removal of many: the Storage client copies each chunk several
 * times and holds megabytes a stream, and a thousand removals by it grow the process by 35 MB.
 */
export class ObjectStreams {
  readonly #origin: string
  readonly #accessToken: () => Promise<string | null>
  readonly #http: HttpClient

  constructor(options: ObjectStreamsOptions) {
    this.#origin = options.origin
    this.#accessToken = options.accessToken
    this.#http = options.http ?? createHttpClient({ timeouts: TIMEOUTS })
  }

  /**
   * Writes an object in one request. One that breaks off before its end, whoever's fault it is, leaves nothing in the bucket.
   * @throws GenerationChangedError `objects.generation-changed`; `objects.refused`, `objects.unavailable`.
   */
  async write(upload: ObjectUpload): Promise<ObjectFacts> {
    const { bucket, name, ifGeneration, contentType, sizeBytes, signal } = upload
    const url = new URL(`/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`, this.#origin)
    url.search = new URLSearchParams({ uploadType: 'media', name, ifGenerationMatch: ifGeneration }).toString()
    const source = new WatchedChunks(upload.chunks)
    try {
      const response = await this.#http.request({
        url,
        method: 'POST',
        headers: await this.#authorization(),
        body: { kind: 'stream', chunks: source, sizeBytes, contentType },
        timeouts: TIMEOUTS,
        ...(signal === undefined ? {} : { signal }),
      })
      return toFacts(upload, (await response.json()) as ObjectResource)
    } catch (error) {
      signal?.throwIfAborted()
      if (source.failure !== null) throw source.failure.error
      throw streamError(error, upload)
    }
  }

  /**
   * An object's bytes at a generation, or some of them (`first` to `last`, both inclusive), as they come. The whole is
   * checked against its CRC32C at the end.
   * @throws TransientError `objects.damaged` when the bytes are not those that were stored, `objects.unavailable`.
   */
  async *read(
    object: ObjectName,
    params: { generation: string; range?: { first: number; last: number }; signal?: AbortSignal | undefined },
  ): AsyncGenerator<Buffer, void, undefined> {
    const { generation, range, signal } = params
    const url = this.#urlOf(object)
    url.search = new URLSearchParams({ alt: 'media', generation }).toString()
    try {
      const response = await this.#http.request({
        url,
        headers: {
          ...(await this.#authorization()),
          ...(range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` }),
        },
        maxBodyBytes: Number.POSITIVE_INFINITY,
        timeouts: TIMEOUTS,
        ...(signal === undefined ? {} : { signal }),
      })
      const checksum = new Crc32c()
      for await (const chunk of response.body()) {
        checksum.update(chunk)
        yield chunk
      }
      const stored = /crc32c=([^,\s]+)/.exec(response.headers['x-goog-hash'] ?? '')?.[1]
      if (range === undefined && stored !== undefined && stored !== checksum.toString()) throw damaged(object)
    } catch (error) {
      signal?.throwIfAborted()
      throw streamError(error, object)
    }
  }

  /**
   * Removes an object at a generation in one request; one that is gone or was written anew since is fine.
   * @throws `objects.refused`, `objects.unavailable`.
   */
  async remove(object: ObjectName, generation: string): Promise<void> {
    const url = this.#urlOf(object)
    url.search = new URLSearchParams({ ifGenerationMatch: generation }).toString()
    try {
      const response = await this.#http.request({
        url,
        method: 'DELETE',
        headers: await this.#authorization(),
        timeouts: TIMEOUTS,
        acceptStatus: (status) => status === 204 || status === 404 || status === 412,
      })
      response.discard()
    } catch (error) {
      throw streamError(error, object)
    }
  }

  /** Where an object's bytes at a generation are, for whoever fetches them by their own means (ranges): no signature, but a token. */
  async locate(object: ObjectName, generation: string): Promise<{ url: string; headers: Record<string, string> }> {
    const url = this.#urlOf(object)
    url.search = new URLSearchParams({ alt: 'media', generation }).toString()
    return { url: url.href, headers: await this.#authorization() }
  }

  close(): void {
    this.#http.close()
  }

  #urlOf({ bucket, name }: ObjectName): URL {
    return new URL(`/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(name)}`, this.#origin)
  }

  async #authorization(): Promise<Record<string, string>> {
    const token = await this.#accessToken()
    return token === null ? {} : { authorization: `Bearer ${token}` }
  }
}

/** Streams to and from the place that a Storage client speaks to, in its name. */
export function openObjectStreams(storage: Storage): ObjectStreams {
  const { origin, protocol } = new URL(storage.apiEndpoint)
  // A bucket server on this machine asks for no token, and the search for one would take seconds there.
  const accessToken =
    protocol === 'https:' ? async () => (await storage.authClient.getAccessToken()) ?? null : async () => null
  return new ObjectStreams({ origin, accessToken })
}

/** Remembers a failure of the chunks' source, which would otherwise look like one of the upload. */
class WatchedChunks implements AsyncIterable<Uint8Array> {
  failure: { error: unknown } | null = null
  readonly #chunks: AsyncIterable<Uint8Array>

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#chunks
    } catch (error) {
      this.failure = { error }
      throw error
    }
  }
}

function damaged(object: ObjectName): TransientError {
  return new TransientError({
    code: 'objects.damaged',
    message: 'Cloud Storage sent bytes that are not those it has stored; they will be read again.',
    facts: { bucket: object.bucket, name: object.name },
  })
}

function streamError(error: unknown, object: ObjectName): AppError {
  if (error instanceof AppError && !isHttpError(error)) return error
  const status = isHttpError(error) ? error.status : null
  const facts = {
    bucket: object.bucket,
    name: object.name,
    status,
    reason: error instanceof Error ? error.message : String(error),
  }
  if (status === 412) {
    const message = `${object.bucket}/${object.name} was written by somebody else in between.`
    return new GenerationChangedError({ code: 'objects.generation-changed', message, facts, cause: error })
  }
  if (status !== null && isRefusal(status)) {
    const message = `Cloud Storage refused the operation (${status}).`
    return new FinalError({ code: 'objects.refused', message, facts, cause: error })
  }
  return new TransientError({
    code: 'objects.unavailable',
    message: 'Cloud Storage did not take the operation; it will be tried again.',
    facts,
    cause: error,
    retryAt: error instanceof TransientError ? error.retryAt : null,
  })
}
