import { createHash } from 'node:crypto'
import type { RepoFile } from './repo-file.ts'
import type { Commit, Repo } from './repos.ts'

type Json = Record<string, unknown>

const CREATED_AT = '2026-03-02T23:29:05.000Z'

/** What `GET /api/models/{id}` says (contract §3); with `blobs` also what each file is. */
export function modelObject(repo: Repo, commit: Commit, { blobs }: { blobs: boolean }): Json {
  const { spec, id } = repo
  const [owner, name] = id.split('/')
  const baseModels = [spec.baseModel ?? []].flat()
  const card =
    baseModels.length === 0 ? {} : { cardData: { base_model: baseModels.length === 1 ? baseModels[0] : baseModels } }
  return {
    _id: createHash('sha1').update(id).digest('hex').slice(0, 24),
    id,
    modelId: id,
    ...(name === undefined ? {} : { author: owner }),
    sha: commit.sha,
    lastModified: CREATED_AT,
    createdAt: CREATED_AT,
    private: spec.private ?? false,
    disabled: spec.disabled ?? false,
    gated: spec.gated ?? false,
    downloads: 0,
    likes: 0,
    ...(spec.library === undefined ? {} : { library_name: spec.library }),
    ...(spec.pipelineTag === undefined ? {} : { pipeline_tag: spec.pipelineTag }),
    tags: [...(spec.tags ?? []), ...baseModels.map((base) => `base_model:${base}`), 'region:us'],
    ...card,
    config: {},
    spaces: [],
    usedStorage: commit.files.reduce((sum, { hosted }) => sum + (hosted?.sizeBytes ?? 0), 0),
    siblings: commit.files.map((file) => (blobs ? siblingWithBlob(file) : { rfilename: file.path })),
    ...spec.metadata,
    ...(spec.metadata?.sha === undefined ? {} : { sha: commit.sha }),
  }
}

function siblingWithBlob(file: RepoFile): Json {
  const { oid, size, lfs } = file.listed()
  return {
    rfilename: file.path,
    blobId: oid,
    size,
    // The same hash under another name than in the tree (contract §3).
    ...(lfs === undefined ? {} : { lfs: { sha256: lfs.oid, size: lfs.size, pointerSize: lfs.pointerSize } }),
  }
}

/** Entries of `/tree` below a folder ('' for the top), folders included; null for a folder that is not there. */
export function treeEntries(
  commit: Commit,
  { folder, recursive, expand }: { folder: string; recursive: boolean; expand: boolean },
): Json[] | null {
  const prefix = folder === '' ? '' : `${folder}/`
  const below = commit.files.filter(({ path }) => path.startsWith(prefix))
  if (below.length === 0 && folder !== '') return null
  const extra = expand ? { lastCommit: { id: commit.sha, title: 'Upload files', date: CREATED_AT } } : {}
  const entries = new Map<string, Json>()
  for (const file of below) {
    const parts = file.path.slice(prefix.length).split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const path = `${prefix}${parts.slice(0, depth).join('/')}`
      if (recursive || depth === 1) entries.set(path, { ...directoryEntry(path), ...extra })
    }
    if (recursive || parts.length === 1) entries.set(file.path, { ...fileEntry(file), ...extra })
  }
  return [...entries.values()]
}

/** What `/paths-info` says of a path; null where nothing is there. */
export function pathEntry(commit: Commit, path: string): Json | null {
  const file = commit.files.find((one) => one.path === path)
  if (file !== undefined) return fileEntry(file)
  return commit.files.some((one) => one.path.startsWith(`${path}/`)) ? directoryEntry(path) : null
}

function fileEntry(file: RepoFile): Json {
  return { type: 'file', path: file.path, ...file.listed() }
}

function directoryEntry(path: string): Json {
  return { type: 'directory', oid: createHash('sha1').update(`tree ${path}`).digest('hex'), size: 0, path }
}
