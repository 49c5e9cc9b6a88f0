import * as z from 'zod'
import { FinalError } from '../errors/app-error.ts'
import type { ApiClientOptions } from '../http/api-client-options.ts'
import { jsonBody } from '../http/request-body.ts'
import { callHub, callHubForJson, parseAnswer } from './call-hub.ts'
import { nextPage } from './next-page.ts'
import { encodePath } from './repo-path.ts'
import { badAnswer } from './translate-error.ts'

/** A file or folder of a repo at one commit. */
export interface TreeEntry {
  kind: 'file' | 'directory'
  /** From the repo's top. Remote text. */
  path: string
  sizeBytes: number
  /** Of the content; null for files that git itself keeps. */
  sha256: string | null
  /** Of the content; null for LFS files, where git's blob is the pointer (contract §3). */
  gitBlobSha1: string | null
}

/** A repo at a commit. */
export interface TreePlace {
  repo: string
  commit: string
}

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`))
const size = z.number().int().nonnegative()

const entrySchema = z
  .object({
    type: z.string(),
    path: z.string(),
    oid: z.string().nullish(),
    size,
    lfs: z.object({ oid: hex(64), size }).nullish(),
  })
  .transform(
    ({ type, path, oid, size, lfs }): TreeEntry => ({
      kind: type === 'directory' ? 'directory' : 'file',
      path,
      sizeBytes: lfs?.size ?? size,
      sha256: lfs?.oid ?? null,
      gitBlobSha1: !lfs && hex(40).safeParse(oid).success ? (oid ?? null) : null,
    }),
  )

/** The most that the Hub gives without `expand` (contract §3). */
const PAGE_ENTRIES = 1000
/** Far beyond any model; what has more is a data set. */
const MAX_ENTRIES = 100_000
/** Servers may give less a page than they are asked for; past this they give next to nothing. */
const MAX_PAGES = 2_000

/**
 * Everything below `folder` (the whole repo where it is null), all pages of `/tree` (contract §3). Throws
 * `huggingface.too-many-files` past 100,000 entries, `huggingface.file-not-found` for a folder that is not there.
 */
export async function listTree(
  options: ApiClientOptions,
  place: TreePlace,
  params: { folder: string | null; signal?: AbortSignal | undefined },
): Promise<TreeEntry[]> {
  const { repo, commit } = place
  const { folder, signal } = params
  const below = folder === null ? '' : `/${encodePath(folder)}`
  const subject = { repo, revision: commit, path: folder }
  const path = `/api/models/${encodePath(repo)}/tree/${commit}${below}?recursive=true&limit=${PAGE_ENTRIES}`
  const entries: TreeEntry[] = []
  const asked = new Set<string>()
  let target: URL | null = new URL(`${options.baseUrl}${path}`)
  while (target !== null) {
    if (asked.size >= MAX_PAGES || entries.length > MAX_ENTRIES) throw tooManyFiles(repo)
    asked.add(target.href)
    const page: { entries: TreeEntry[]; next: URL | null } = await callHub(
      options,
      { target, subject, signal },
      async (response) => ({
        entries: await parseAnswer(response, z.array(entrySchema)),
        next: nextPage(response.headers.link, response.url),
      }),
    )
    entries.push(...page.entries)
    target = checkNext(page.next, options.baseUrl, asked)
  }
  return entries
}

/** The entries of chosen paths (`POST …/paths-info/{commit}`); those that are not there are missing from the answer. */
export async function getPaths(
  options: ApiClientOptions,
  place: TreePlace,
  params: { paths: readonly string[]; signal?: AbortSignal | undefined },
): Promise<TreeEntry[]> {
  const { repo, commit } = place
  const { paths, signal } = params
  const call = {
    method: 'POST',
    target: `/api/models/${encodePath(repo)}/paths-info/${commit}`,
    body: jsonBody({ paths, expand: false }),
    subject: { repo, revision: commit },
    signal,
  } as const
  return await callHubForJson(options, call, z.array(entrySchema))
}

/** The token goes with every page, so a page elsewhere is not asked for (contract §8: the official client does). */
function checkNext(next: URL | null, baseUrl: string, asked: ReadonlySet<string>): URL | null {
  if (next === null) return null
  if (next.origin !== new URL(baseUrl).origin)
    throw badAnswer('the next page is at another host', { facts: { host: next.host } })
  if (asked.has(next.href)) throw badAnswer('the list of files goes in a circle')
  return next
}

function tooManyFiles(repo: string): FinalError {
  const message = `${repo} at Hugging Face has more than ${MAX_ENTRIES} files; name the one that is meant.`
  return new FinalError({ code: 'huggingface.too-many-files', message, facts: { repo } })
}
