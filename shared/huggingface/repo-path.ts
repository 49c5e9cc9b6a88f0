/** Encodes a path in a repo for a URL: each segment by itself, slashes kept (contract §1). */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

/** Encodes a revision: `refs/pr/1` is one segment (contract §1). */
export function encodeRevision(revision: string): string {
  return encodeURIComponent(revision)
}

/** Where a file's content is asked for (contract §4). Never `/raw/`, which gives the pointer of an LFS file. */
export function resolveTarget({ repo, commit, path }: { repo: string; commit: string; path: string }): `/${string}` {
  return `/${encodePath(repo)}/resolve/${encodeRevision(commit)}/${encodePath(path)}`
}
