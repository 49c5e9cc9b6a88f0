import { FinalError } from '../errors/app-error.ts'
import type { ApiClientOptions } from '../http/api-client-options.ts'
import type { HttpResponse } from '../http/response.ts'
import type { FileLocation, FileLocator, LocateFile, SourceFile } from '../transfer/source-file.ts'
import { authorization, callHub, type HubCall } from './call-hub.ts'
import type { HuggingFaceClient } from './client.ts'
import { resolveTarget } from './repo-path.ts'
import { badAnswer, unavailable } from './translate-error.ts'

/** Where a file is at the Hub. */
export type HubLocator = Extract<FileLocator, { source: 'huggingface' }>

/** What the listing said of a file: the Hub's word now must not contradict it. */
export type Listed = Pick<SourceFile, 'sizeBytes' | 'sha256'>

const NOTHING_LISTED: Listed = { sizeBytes: null, sha256: null }

/** How a copy finds a file of a resolved model again; `listed` is what the model's listing said of it. */
export function locateHuggingFaceFile(client: HuggingFaceClient, locator: HubLocator, listed?: Listed): LocateFile {
  return async (signal) => await client.locateFile(locator, { listed, signal })
}

/** A renamed repo answers with a redirect to its new name, and may have been renamed more than once. */
const MAX_RENAMES = 3

/**
 * Where a file's bytes are now: one `GET /{repo}/resolve/{commit}/{path}` whose redirect is read and not followed (contract §4).
 * Size and hash are in the first answer; the storage behind it has its own ETag. Throws `huggingface.gated`, `.file-not-found`,
 * `.rate-limited`, …, and `.changed` where the answer contradicts the listing.
 */
export async function locateFile(
  options: ApiClientOptions,
  locator: HubLocator,
  params: { listed?: Listed | undefined; signal?: AbortSignal | undefined } = {},
): Promise<FileLocation> {
  const { listed = NOTHING_LISTED, signal } = params
  const { repo, commit, path } = locator
  const subject = { repo, revision: commit, path }
  let target: `/${string}` | URL = resolveTarget(locator)
  for (let renames = 0; renames <= MAX_RENAMES; renames++) {
    const call: HubCall = { target, subject, signal, redirect: 'manual', accept: '*/*' }
    const answer: Renamed | FirstAnswer = await callHub(options, call, readFirstAnswer)
    if (answer.kind === 'renamed') {
      if (answer.url.origin !== new URL(options.baseUrl).origin)
        throw unavailable('answers with a redirect to another host')
      target = answer.url
      continue
    }
    checkAnswer(answer, locator, listed)
    return await locationOf(answer, options)
  }
  throw badAnswer('a repo that is renamed again and again', { facts: { repo } })
}

interface Renamed {
  kind: 'renamed'
  url: URL
}

interface FirstAnswer {
  kind: 'file'
  /** The storage's, or the one that was asked where the Hub serves the file itself. */
  url: URL
  commit: string
  sizeBytes: number | null
  sha256: string | null
}

async function readFirstAnswer(response: HttpResponse): Promise<Renamed | FirstAnswer> {
  const { status, headers } = response
  // The body of a redirect is a line of text; that of a file is not wanted here.
  if (status >= 300) await response.bytes()
  else response.discard()
  const url = headers.location === undefined ? response.url : URL.parse(headers.location, response.url.href)
  if (url === null || (status >= 300 && headers.location === undefined))
    throw badAnswer('a redirect that leads nowhere')
  const commit = headers['x-repo-commit']
  if (commit !== undefined) {
    const sizeBytes = toSize(headers['x-linked-size'] ?? (status < 300 ? headers['content-length'] : undefined))
    return { kind: 'file', url, commit, sizeBytes, sha256: toSha256(headers['x-linked-etag'] ?? headers.etag) }
  }
  // Every answer about a file names the commit; a login page, a proxy or a mirror does not.
  if (status < 300) throw unavailable('answers with something that is not the file')
  return { kind: 'renamed', url }
}

function checkAnswer(answer: FirstAnswer, locator: HubLocator, { sizeBytes, sha256 }: Listed): void {
  const contradicts = <T>(listed: T | null, said: T | null): boolean =>
    listed !== null && said !== null && listed !== said
  const isOther =
    answer.commit !== locator.commit || contradicts(sizeBytes, answer.sizeBytes) || contradicts(sha256, answer.sha256)
  if (!isOther) return
  const { repo, commit, path } = locator
  throw new FinalError({
    code: 'huggingface.changed',
    message: `Hugging Face now offers another file as ${path} of ${repo} than it listed; sync it again.`,
    facts: { repo, commit, path, listed: { sizeBytes, sha256 }, said: { ...answer, kind: undefined, url: undefined } },
  })
}

async function locationOf({ url, sizeBytes, sha256 }: FirstAnswer, options: ApiClientOptions): Promise<FileLocation> {
  const base = new URL(options.baseUrl)
  if (url.protocol !== 'https:' && url.protocol !== base.protocol) throw badAnswer(`a location with ${url.protocol}`)
  // A small file is served by the Hub itself, which asks for the token again; nobody else may see it.
  const headers = url.origin === base.origin ? await authorization(options) : {}
  return { url: url.href, headers, sizeBytes, sha256 }
}

/** `X-Linked-Size`, in bytes. */
function toSize(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,15}$/.test(value.trim()) ? Number(value) : null
}

/** A SHA-256 in an ETag, which may be quoted and weak (contract §4). Git's own ETags are SHA-1s, and not of the content alone. */
function toSha256(etag: string | undefined): string | null {
  return /^\s*(?:W\/)?"?([0-9a-f]{64})"?\s*$/i.exec(etag ?? '')?.[1]?.toLowerCase() ?? null
}
