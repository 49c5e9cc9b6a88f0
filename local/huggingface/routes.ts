import type { HuggingFaceEndpoint } from './faults.ts'

/** What a path asks for, its parts decoded. */
export interface Route {
  endpoint: HuggingFaceEndpoint
  /** '' for `whoami` and the list. */
  repo: string
  /** Null for the default branch. */
  revision: string | null
  /** Below the repo's top; '' for the top. */
  path: string
}

const API_PAGES: Readonly<Record<string, HuggingFaceEndpoint>> = {
  revision: 'model',
  tree: 'tree',
  'paths-info': 'paths-info',
}
const FILE_PAGES: Readonly<Record<string, HuggingFaceEndpoint>> = { resolve: 'resolve', raw: 'raw' }

/** Reads the path of a URL, still encoded; null for what the stand-in does not have. */
export function findRoute(pathname: string): Route | null {
  const segments = pathname.split('/').slice(1)
  if (pathname === '/api/models') return { endpoint: 'models', repo: '', revision: null, path: '' }
  if (pathname === '/api/whoami-v2') return { endpoint: 'whoami', repo: '', revision: null, path: '' }
  if (pathname.startsWith('/api/models/')) return repoRoute(segments.slice(2), API_PAGES, 'model')
  if (pathname.startsWith('/api/resolve-cache/models/')) {
    const [owner = '', name = '', commit = '', ...path] = segments.slice(3)
    // An old name has no owner, so that the commit comes one earlier.
    const isOld = /^[0-9a-f]{40}$/.test(name)
    return isOld
      ? decoded('resolve-cache', { repo: owner, revision: name, path: [commit, ...path] })
      : decoded('resolve-cache', { repo: `${owner}/${name}`, revision: commit, path })
  }
  return repoRoute(segments, FILE_PAGES, null)
}

/** `[owner/]name[/{page}/{rev}[/{path}]]`. */
function repoRoute(
  segments: readonly string[],
  pages: Readonly<Record<string, HuggingFaceEndpoint>>,
  bare: HuggingFaceEndpoint | null,
): Route | null {
  const at = [1, 2].find((index) => segments[index] !== undefined && pages[segments[index]] !== undefined)
  if (at === undefined) {
    const isRepo = bare !== null && segments.length >= 1 && segments.length <= 2 && segments.every((one) => one !== '')
    return isRepo ? decoded(bare, { repo: segments.join('/'), revision: null, path: [] }) : null
  }
  const endpoint = pages[segments[at] ?? '']
  const revision = segments[at + 1]
  if (endpoint === undefined || revision === undefined) return null
  return decoded(endpoint, { repo: segments.slice(0, at).join('/'), revision, path: segments.slice(at + 2) })
}

function decoded(
  endpoint: HuggingFaceEndpoint,
  parts: { repo: string; revision: string | null; path: readonly string[] },
): Route {
  const { repo, revision, path } = parts
  return {
    endpoint,
    repo: decodeURIComponent(repo),
    revision: revision === null ? null : decodeURIComponent(revision),
    path: path.map(decodeURIComponent).join('/'),
  }
}
