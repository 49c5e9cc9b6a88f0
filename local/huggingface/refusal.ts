/** A refusal as the Hub writes it: a status, mostly `X-Error-Code`, and its words in a header and as `{error}` (contract §5). */
export class Refusal extends Error {
  readonly status: number
  readonly code: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string | null, said: string, headers: Readonly<Record<string, string>> = {}) {
    super(said)
    this.name = 'Refusal'
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** Missing and private repos look the same, and without a token they look like a bad login. */
export function repoNotFound(isSignedIn: boolean): Refusal {
  return isSignedIn
    ? new Refusal(404, 'RepoNotFound', 'Repository not found')
    : new Refusal(401, 'RepoNotFound', 'Invalid username or password.')
}

export function revisionNotFound(revision: string): Refusal {
  return new Refusal(404, 'RevisionNotFound', `Invalid rev id: ${revision}`)
}

export function entryNotFound(): Refusal {
  return new Refusal(404, 'EntryNotFound', 'Entry not found')
}

export function badToken(): Refusal {
  return new Refusal(401, null, 'Invalid credentials in Authorization header')
}

export function disabled(): Refusal {
  return new Refusal(403, null, 'Access to this resource is disabled.')
}

/** 401 also for a token that is none; 403 for one whose account has no access. */
export function gated(repo: string, isSignedIn: boolean): Refusal {
  const restricted = `Access to model ${repo} is restricted`
  return isSignedIn
    ? new Refusal(
        403,
        'GatedRepo',
        `${restricted} and you are not in the authorized list. Visit https://huggingface.co/${repo} to ask for access.`,
      )
    : new Refusal(
        401,
        'GatedRepo',
        `${restricted}. You must have access to it and be authenticated to access it. Please log in.`,
      )
}
