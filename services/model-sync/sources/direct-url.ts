import { createHash, randomUUID } from 'node:crypto'
import type { ModelSource } from '#shared/documents/model.ts'
import { type AppError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import type { HttpResponse } from '#shared/http/response.ts'
import type { LocateFile } from '#shared/transfer/source-file.ts'
import type { ResolvedModel } from './resolved-model.ts'

/** Cloudflare and its like count every request; one byte tells size, validator and whether ranges work. */
const probeRange = 'bytes=0-0'
const sha256Pattern = /^[0-9a-f]{64}$/

/**
 * Resolves a file at a URL that a person gave: https only, through the address guard of `web`.
 * @throws FinalError `url.…`, `guard.…`; TransientError where another try may help.
 */
export async function resolveDirectUrl(
  web: HttpClient,
  source: Pick<ModelSource, 'sourceUrl' | 'sourceSha256' | 'versionId'>,
  options: {
    /** Whether stored bytes of that SHA-256 may be had without fetching these; else the address has to show them first. */
    mayHaveByHash: boolean
    signal: AbortSignal
  },
): Promise<ResolvedModel> {
  const url = source.sourceUrl ?? ''
  const sha256 = source.sourceSha256
  if (sha256 !== null && !sha256Pattern.test(sha256)) {
    throw new FinalError({ code: 'url.bad-sha256', message: 'sourceSha256 is not a SHA-256 of 64 hex characters.' })
  }
  const found = await probe(web, url, options.signal)
  const validator = strong(found.headers.etag) ?? found.headers['last-modified'] ?? null
  // Without a validator nobody can say whether two answers are one file, so the copy is not shared.
  const identity = `url ${url} ${found.sizeBytes} ${validator ?? randomUUID()}${sha256 === null ? '' : ` ${sha256}`}`
  const named = createHash('sha256').update(identity).digest('hex')
  const fileId = options.mayHaveByHash && sha256 !== null ? sha256 : `url-${named}`
  return {
    fileId,
    layout: 'file',
    versionId: source.versionId ?? (sha256 ?? named).slice(0, 12),
    files: [
      {
        locator: { source: 'url', url },
        path: found.fileName,
        sizeBytes: found.sizeBytes,
        sha256,
        gitBlobSha1: null,
      },
    ],
    totalBytes: found.sizeBytes,
    baseModel: null,
    triggerWords: [],
  }
}

/** A URL of a person's needs no finding: it leads to the bytes itself. */
export function locateDirectUrl(url: string): LocateFile {
  return async () => ({ url, headers: {}, sizeBytes: null, sha256: null })
}

async function probe(web: HttpClient, url: string, signal: AbortSignal) {
  let response: HttpResponse
  try {
    response = await web.request({ url, headers: { range: probeRange }, signal })
  } catch (error) {
    throw refusalOf(error) ?? error
  }
  const { headers, status } = response
  response.discard()
  const total = status === 206 ? /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] : headers['content-length']
  return { headers, sizeBytes: total === undefined ? null : Number(total), fileName: fileNameOf(url, headers) }
}

function strong(etag: string | undefined): string | null {
  return etag === undefined || etag.startsWith('W/') ? null : etag
}

function fileNameOf(url: string, headers: Readonly<Record<string, string>>): string {
  const given = /filename="?([^";]+)"?/i.exec(headers['content-disposition'] ?? '')?.[1]
  const last = URL.parse(url)?.pathname.split('/').at(-1) ?? ''
  return given?.trim() || decoded(last) || 'model'
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function refusalOf(error: unknown): AppError | null {
  if (!isHttpError(error) || error.status === null) return null
  const { status } = error
  const facts = { ...error.facts }
  const final = (code: string, message: string) => new FinalError({ code, message, facts, cause: error })
  if (status === 401 || status === 403) {
    return final('url.forbidden', `The address asks for a login or refuses access (${status}); give one that is open.`)
  }
  if (status === 404 || status === 410) return final('url.not-found', `There is nothing at this address (${status}).`)
  if (status === 416) return final('url.empty', 'The file at this address is empty.')
  if (error.retryable) {
    const retryAt = error instanceof TransientError ? error.retryAt : null
    const message = `The server at this address does not answer as it should (${status}); it will be tried again.`
    return new TransientError({ code: 'url.unavailable', message, facts, cause: error, retryAt })
  }
  return final('url.refused', `The server at this address refused the request (${status}).`)
}
