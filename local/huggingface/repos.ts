import { createHash } from 'node:crypto'
import type { FileHost } from '../file-host/server.ts'
import { revisionNotFound } from './refusal.ts'
import { createRepoFile, type RepoFile, type RepoFileSpec } from './repo-file.ts'

export type { RepoFileSpec } from './repo-file.ts'

/** A repo, as a test orders it. */
export interface RepoSpec {
  /** `owner/name`, or a name alone as old repos have. */
  id: string
  files: readonly RepoFileSpec[]
  gated?: false | 'auto' | 'manual'
  private?: boolean
  /** Taken down. */
  disabled?: boolean
  /** Tokens whose accounts may read it, where it is gated or private. */
  access?: readonly string[]
  /** Names that it had before: they redirect. */
  formerIds?: readonly string[]
  /** Branches and tags beside `main`, by the files they have in place of its. */
  branches?: Readonly<Record<string, readonly RepoFileSpec[]>>
  tags?: readonly string[]
  pipelineTag?: string
  library?: string
  baseModel?: string | readonly string[]
  /** Fields of the metadata in place of what the stand-in would say; `sha` is also the commit's. */
  metadata?: Readonly<Record<string, unknown>>
}

export interface Commit {
  sha: string
  files: readonly RepoFile[]
}

export interface Repo {
  spec: RepoSpec
  id: string
  /** By branch and tag. */
  heads: Map<string, Commit>
  commits: Map<string, Commit>
  access: Set<string>
}

/** The repos of a Hub. */
export interface Repos {
  add(spec: RepoSpec): { id: string; commit: string }
  /** A new commit on a branch, with exactly these files. */
  commit(id: string, files: readonly RepoFileSpec[], branch?: string): string
  /** Lets an account into a gated or private repo. */
  grant(id: string, token: string): void
  find(id: string): Repo | null
  all(): Repo[]
  /** The name that a repo has now; null where it never had this one. */
  renamed(id: string): string | null
}

export function createRepos(fileHost: Pick<FileHost, 'add'>): Repos {
  const repos = new Map<string, Repo>()
  // Names are the Hub's without regard to case.
  const find = (id: string): Repo | null => repos.get(id.toLowerCase()) ?? null
  const known = (id: string): Repo => {
    const repo = find(id)
    if (repo === null) throw new Error(`There is no repo ${id}.`)
    return repo
  }

  function commit(id: string, files: readonly RepoFileSpec[], branch = 'main'): string {
    const repo = known(id)
    const number = repo.commits.size
    const given = number === 0 ? repo.spec.metadata?.sha : undefined
    const sha = typeof given === 'string' ? given : sha1(`${id} ${branch} ${number}`)
    const made = { sha, files: files.map((file) => createRepoFile(file, fileHost)) }
    repo.commits.set(sha, made)
    repo.heads.set(branch, made)
    return sha
  }

  return {
    add(spec) {
      const { id } = spec
      repos.set(id.toLowerCase(), { spec, id, heads: new Map(), commits: new Map(), access: new Set(spec.access) })
      const main = commit(id, spec.files)
      for (const [branch, files] of Object.entries(spec.branches ?? {})) commit(id, files, branch)
      return { id, commit: main }
    },
    commit,
    grant: (id, token) => void known(id).access.add(token),
    find,
    all: () => [...repos.values()],
    renamed(id) {
      const had = (repo: Repo): boolean => repo.spec.formerIds?.some((former) => former === id) ?? false
      return [...repos.values()].find(had)?.id ?? null
    },
  }
}

/** The commit that a branch, a tag, a hash or `HEAD` names. Throws `RevisionNotFound`. */
export function commitAt(repo: Repo, revision: string): Commit {
  const commit = repo.heads.get(revision === 'HEAD' ? 'main' : revision) ?? repo.commits.get(revision)
  if (commit === undefined) throw revisionNotFound(revision)
  return commit
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
