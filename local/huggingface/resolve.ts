import { resolveByteRange } from '../byte-range.ts'
import type { HostedFile } from '../file-host/server.ts'
import { type Answer, jsonAnswer } from '../stand-in-answer.ts'
import { redirectAnswer } from './answer.ts'
import type { HuggingFaceFault } from './faults.ts'
import { entryNotFound } from './refusal.ts'
import type { RepoFile } from './repo-file.ts'
import type { Commit, Repo } from './repos.ts'

/** A signed URL of a file, a new one at every call. */
export type LocationOf = (file: HostedFile) => string

/** Where a file was asked for. */
export interface FileRequest {
  repo: Repo
  commit: Commit
  path: string
  /** The Hub's own origin. */
  origin: string
  /** Path and query as they were asked for. */
  asked: string
  range: string | null
  accept: string
  fault: HuggingFaceFault | null
}

export function fileAt(commit: Commit, path: string): RepoFile {
  const file = commit.files.find((one) => one.path === path)
  if (file === undefined) throw entryNotFound()
  return file
}

/** `GET /{id}/resolve/{rev}/{path}` (contract §4): a redirect to the storage, to the Hub's own cache, or the file itself. */
export function answerResolve(request: FileRequest, locationOf: LocationOf): Answer {
  const { repo, commit, path, fault } = request
  const file = fileAt(commit, path)
  if (fault?.kind === 'redirect') return redirectAnswer(302, fault.location)
  if (fault?.kind === 'pointer') return sendBlob(request, file, linkedHeaders(file, request))
  if (fault?.kind === 'bare-redirect') {
    return redirectAnswer(302, file.hosted === null ? cacheUrl(request, file) : locationOf(file.hosted))
  }
  const headers = linkedHeaders(file, request)
  if (file.hosted !== null) {
    const { xetHash } = file.listed()
    const token = `${request.origin}/api/models/${repo.id}/xet-read-token/${commit.sha}`
    const reconstruction = `https://cas-server.xethub.hf.co/v1/reconstructions/${xetHash}`
    const xet = {
      'x-xet-hash': xetHash ?? '',
      link: `<${token}>; rel="xet-auth", <${reconstruction}>; rel="xet-reconstruction-info"`,
    }
    if (xetHash === undefined) return redirectAnswer(302, locationOf(file.hosted), headers)
    if (request.accept.includes(XET_TYPE)) {
      return jsonAnswer(200, { hash: xetHash }, { ...headers, ...xet, 'content-type': XET_TYPE })
    }
    return redirectAnswer(302, locationOf(file.hosted), { ...headers, ...xet })
  }
  if (file.isDirect) return sendBlob(request, file, headers)
  return redirectAnswer(307, cacheUrl(request, file), headers)
}

/** Who accepts this is a client of Xet's own protocol, and gets no redirect (contract §4). */
const XET_TYPE = 'application/vnd.xet-fileinfo+json'

/** What git keeps, with ranges: a small file, or the pointer that stands for a large one (`/raw/`). */
export function sendBlob(request: FileRequest, file: RepoFile, headers: Record<string, string> = {}): Answer {
  const body = file.blob()
  const own = {
    'content-type': 'text/plain; charset=utf-8',
    'accept-ranges': 'bytes',
    etag: `"${file.listed().oid}"`,
    'x-repo-commit': request.commit.sha,
    ...headers,
  }
  const range = resolveByteRange(request.range, body.byteLength)
  if (range === null) return { status: 200, headers: own, body }
  if (range === 'unsatisfiable') {
    return { status: 416, headers: { 'content-range': `bytes */${body.byteLength}` }, body: Buffer.alloc(0) }
  }
  const contentRange = `bytes ${range.first}-${range.last}/${body.byteLength}`
  return {
    status: 206,
    headers: { ...own, 'content-range': contentRange },
    body: body.subarray(range.first, range.last + 1),
  }
}

/** What only the first answer says: size and hash of the content, and the commit. */
function linkedHeaders(file: RepoFile, { commit, fault }: FileRequest): Record<string, string> {
  const { oid, lfs } = file.listed()
  const etag = lfs?.oid ?? oid
  const size =
    fault?.kind === 'pointer' ? file.blob().byteLength : file.sizeBytes + (fault?.kind === 'wrong-size' ? 1 : 0)
  return {
    'accept-ranges': 'bytes',
    'x-linked-size': String(size),
    'x-linked-etag': `"${fault?.kind === 'wrong-etag' ? 'b'.repeat(etag.length) : etag}"`,
    'x-repo-commit': fault?.kind === 'wrong-commit' ? 'c'.repeat(40) : commit.sha,
  }
}

/** Relative, with the path that was asked for as a parameter without value, as the Hub has it. */
function cacheUrl({ repo, commit, asked }: FileRequest, file: RepoFile): string {
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  const query = `${encodeURIComponent(asked)}=&etag=${encodeURIComponent(`"${file.listed().oid}"`)}`
  return `/api/resolve-cache/models/${repo.id}/${commit.sha}/${path}?${query}`
}
