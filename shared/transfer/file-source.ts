import type { HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import { parseRateLimit } from '#shared/http/rate-limit-header.ts'
import type { HttpResponse } from '#shared/http/response.ts'
import { parseContentRange, parseUnsatisfiedTotal, strongEtag } from './content-range.ts'
import type { Locations, Place } from './locations.ts'
import { pageKind } from './not-a-file.ts'
import {
  badRange,
  emptyFile,
  NoRangesError,
  SourceBusyError,
  SourceChangedError,
  SourceDeniedError,
} from './transfer-error.ts'
import type { TransferLayout } from './transfer-plan.ts'

/** Which bytes are wanted; `last` is null for all that follow. */
export interface WantedBytes {
  first: number
  last: number | null
}

/** An answer that carries the wanted bytes. */
export interface SourceAnswer {
  body: AsyncGenerator<Buffer, void, undefined>
  host: string
  contentType: string | null
  /** Bytes that will come; null where only the end will tell. */
  lengthBytes: number | null
  /** Whether the end of the body can be told from a connection that broke. */
  hasCleanEnd: boolean
  /** Of the whole file, as this answer says. */
  totalBytes: number | null
  etag: string | null
  ranges: boolean
  close(): void
}

export interface FileSourceOptions {
  locations: Locations
  web: HttpClient
  /** The file's name: what a page looks like depends on what is wanted. */
  path: string
  timeouts: { connectMs: number; headersMs: number; stallMs: number }
  now: () => number
}

/** Statuses of a location that has expired, or that never was one. */
const REFUSALS: readonly (number | null)[] = [401, 403, 404, 410]
const BUSY: readonly (number | null)[] = [429, 503]

/** Opens byte ranges of one file wherever it is now, each checked to be the range of the file that was begun. */
export class FileSource {
  readonly #options: FileSourceOptions
  #place: Place | null = null

  constructor(options: FileSourceOptions) {
    this.#options = options
  }

  /** What the source said on the way to the location in use. */
  get stated(): { sizeBytes: number | null; sha256: string | null } {
    return this.#place?.location ?? { sizeBytes: null, sha256: null }
  }

  /**
   * Opens the bytes; a refused location is replaced once by a fresh one. `layout` is null as long as nothing is known of
   * the file: then any whole answer is taken.
   * @throws SourceDeniedError, SourceBusyError, NoRangesError, SourceChangedError, `transfer.bad-range`, `transfer.empty`,
   *   what `locate` throws, `http.…`.
   */
  async open(wanted: WantedBytes, layout: TransferLayout | null, signal: AbortSignal): Promise<SourceAnswer> {
    const first = await this.#current()
    try {
      return await this.#request(first, wanted, layout, signal)
    } catch (error) {
      if (!(error instanceof SourceDeniedError)) throw error
      signal.throwIfAborted()
      const next = await this.#options.locations.after(first.number)
      this.#place = next
      return await this.#request(next, wanted, layout, signal)
    }
  }

  async #current(): Promise<Place> {
    this.#place = await this.#options.locations.after(0)
    return this.#place
  }

  async #request(
    place: Place,
    wanted: WantedBytes,
    layout: TransferLayout | null,
    signal: AbortSignal,
  ): Promise<SourceAnswer> {
    const { web, path, timeouts } = this.#options
    const { location } = place
    const asksRange = layout === null || layout.ranges
    const range = `bytes=${wanted.first}-${wanted.last ?? ''}`
    const bound = asksRange && layout !== null && layout.etag !== null ? { 'if-range': layout.etag } : {}
    let response: HttpResponse
    try {
      response = await web.request({
        url: location.url,
        headers: { ...location.headers, ...(asksRange ? { range } : {}), ...bound },
        timeouts: { ...timeouts, totalMs: null },
        maxBodyBytes: Number.POSITIVE_INFINITY,
        acceptStatus: (status) => status === 200 || status === 206 || status === 416,
        signal,
      })
    } catch (error) {
      throw this.#translate(error)
    }
    try {
      // A page where the file was before: a login, or a location that is no more.
      if (layout !== null && response.status === 200 && pageKind(response.headers['content-type'], path) !== null) {
        throw new SourceDeniedError(response.url.host, response.status, null)
      }
      return readAnswer(response, wanted, layout)
    } catch (error) {
      response.discard()
      throw error
    }
  }

  #translate(error: unknown): unknown {
    if (!isHttpError(error) || error.status === null) return error
    const host = String(error.facts.host)
    // Google's storage calls a signed URL that has expired a bad request.
    const isExpired = error.status === 400 && /ExpiredToken|has expired/i.test(error.answer?.bodyText ?? '')
    if (isExpired || REFUSALS.includes(error.status)) return new SourceDeniedError(host, error.status, error)
    if (!BUSY.includes(error.status)) return error
    const stated = 'retryAt' in error ? error.retryAt : null
    const retryAt = stated ?? parseRateLimit(error.answer?.headers.ratelimit, this.#options.now())
    // A 503 without a word about when is an outage, not a limit.
    return error.status === 503 && retryAt === null ? error : new SourceBusyError(host, error.status, retryAt, error)
  }
}

function readAnswer(response: HttpResponse, wanted: WantedBytes, layout: TransferLayout | null): SourceAnswer {
  const { status, headers, url } = response
  if (status === 416) throw unsatisfied(response, wanted, layout)
  const etag = strongEtag(headers.etag)
  const contentLength = headers['content-length'] === undefined ? null : Number(headers['content-length'])
  const answer = {
    body: response.body(),
    host: url.host,
    contentType: headers['content-type'] ?? null,
    etag,
    close: () => response.discard(),
  }
  if (status === 206) {
    const range = checkRange(response, wanted, layout)
    checkSame({ host: url.host, totalBytes: range.totalBytes, etag }, layout)
    const lengthBytes = range.last - range.first + 1
    if (contentLength !== null && contentLength !== lengthBytes)
      throw badRange(url.host, { contentLength, lengthBytes })
    return { ...answer, lengthBytes, hasCleanEnd: true, totalBytes: range.totalBytes, ranges: true }
  }
  checkSame({ host: url.host, totalBytes: contentLength, etag }, layout)
  if (contentLength === 0) throw emptyFile()
  if (layout?.ranges) throw new NoRangesError(url.host)
  const hasCleanEnd = contentLength !== null || /\bchunked\b/i.test(headers['transfer-encoding'] ?? '')
  return { ...answer, lengthBytes: contentLength, hasCleanEnd, totalBytes: contentLength, ranges: false }
}

/** 416 to a range that begins at 0 means an empty file; to any other, that the file is shorter than it was. */
function unsatisfied(response: HttpResponse, wanted: WantedBytes, layout: TransferLayout | null): Error {
  const { headers, url } = response
  const totalBytes = parseUnsatisfiedTotal(headers['content-range'])
  if (totalBytes === 0 && layout === null) return emptyFile()
  if (totalBytes !== null && layout !== null && totalBytes !== layout.sizeBytes) {
    return new SourceChangedError({ host: url.host, sizeBytes: layout.sizeBytes, totalBytes })
  }
  return badRange(url.host, { status: 416, wanted, contentRange: headers['content-range'] ?? null })
}

function checkRange(response: HttpResponse, wanted: WantedBytes, layout: TransferLayout | null) {
  const { headers, url } = response
  const range = parseContentRange(headers['content-range'])
  const facts = { wanted, contentRange: headers['content-range'] ?? null }
  if (range === null || range.first !== wanted.first) throw badRange(url.host, facts)
  const totalBytes = range.totalBytes ?? layout?.sizeBytes ?? null
  const end = totalBytes === null ? wanted.last : Math.min(wanted.last ?? totalBytes - 1, totalBytes - 1)
  // Fewer bytes than asked for are allowed by the RFC, but a server that cuts ranges short is not understood here.
  if (range.totalBytes !== null && range.totalBytes !== (layout?.sizeBytes ?? range.totalBytes)) return range
  if (end !== null && range.last !== end) throw badRange(url.host, facts)
  return range
}

/** Whether the answer is about the file that was begun. */
function checkSame(
  answer: { host: string; totalBytes: number | null; etag: string | null },
  layout: TransferLayout | null,
): void {
  if (layout === null) return
  const { host, totalBytes, etag } = answer
  if (totalBytes !== null && layout.sizeBytes !== null && totalBytes !== layout.sizeBytes) {
    // A strong ETag promises the same bytes: then the total is the mistake.
    if (etag !== null && etag === layout.etag) throw badRange(host, { sizeBytes: layout.sizeBytes, totalBytes })
    throw new SourceChangedError({ sizeBytes: layout.sizeBytes, totalBytes })
  }
  if (etag !== null && layout.etag !== null && etag !== layout.etag) {
    throw new SourceChangedError({ etag: layout.etag, newEtag: etag }, etag)
  }
}
