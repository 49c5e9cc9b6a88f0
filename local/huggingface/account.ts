import { badToken, disabled, gated, Refusal, repoNotFound } from './refusal.ts'
import type { Repo } from './repos.ts'

/** The token that a local stack uses. */
export const LOCAL_HUGGINGFACE_TOKEN = 'hf_localHuggingFaceToken'

/** Who asks: nobody, somebody whose token is none of ours, or an account. */
export type Caller = { kind: 'anonymous' } | { kind: 'unknown' } | { kind: 'account'; token: string }

export function callerOf(authorization: string | undefined, tokens: readonly string[]): Caller {
  if (authorization === undefined) return { kind: 'anonymous' }
  const token = /^Bearer (.+)$/i.exec(authorization)?.[1]
  return token !== undefined && tokens.includes(token) ? { kind: 'account', token } : { kind: 'unknown' }
}

/** Lets a caller see what a repo is: of a gated one everybody (contract §3). Throws 401, 403 and 404. */
export function admitToMetadata(caller: Caller, repo: Repo | null): asserts repo is Repo {
  if (repo?.spec.gated && !repo.spec.private) {
    if (repo.spec.disabled) throw disabled()
    return
  }
  if (caller.kind === 'unknown') throw badToken()
  if (repo === null || (repo.spec.private && !hasAccess(caller, repo))) throw repoNotFound(caller.kind === 'account')
  if (repo.spec.disabled) throw disabled()
}

/** Lets a caller have the files. Throws as `admitToMetadata`, and `GatedRepo`. */
export function admitToContent(caller: Caller, repo: Repo | null): asserts repo is Repo {
  admitToMetadata(caller, repo)
  if (repo.spec.gated && !hasAccess(caller, repo)) throw gated(repo.id, caller.kind === 'account')
}

function hasAccess(caller: Caller, repo: Repo): boolean {
  return caller.kind === 'account' && repo.access.has(caller.token)
}

/** The fixed windows of one kind of request (contract §6). */
export interface RateWindow {
  /** Counts a request and returns its headers. Throws 429. */
  take(caller: Caller): Record<string, string>
}

const WINDOW_SECONDS = 300

/** Counts requests by caller in windows of five minutes. `quota` null: told, but never used up. */
export function createRateWindow(options: {
  bucket: 'api' | 'resolvers'
  quota: { anonymous: number; user: number } | null
  now: () => number
}): RateWindow {
  const { bucket, quota, now } = options
  const used = new Map<string, number>()
  let window = 0
  return {
    take(caller) {
      const nowSeconds = now() / 1000
      const current = Math.floor(nowSeconds / WINDOW_SECONDS)
      if (current !== window) used.clear()
      window = current
      const who = caller.kind === 'account' ? caller.token : 'address'
      const limit = (caller.kind === 'account' ? quota?.user : quota?.anonymous) ?? 100_000
      const count = (used.get(who) ?? 0) + 1
      if (quota !== null) used.set(who, count)
      const resetSeconds = Math.ceil((current + 1) * WINDOW_SECONDS - nowSeconds)
      const headers = {
        ratelimit: `"${bucket}";r=${Math.max(0, limit - (used.get(who) ?? 0))};t=${resetSeconds}`,
        'ratelimit-policy': `"fixed window";"${bucket}";q=${limit};w=${WINDOW_SECONDS}`,
      }
      if (count > limit) throw new Refusal(429, null, 'Too many requests', headers)
      return headers
    },
  }
}
