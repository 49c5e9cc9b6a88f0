import type { IncomingMessage } from 'node:http'
import { PageRefusal, Refusal } from './refusal.ts'

/** The token that a local stack uses. */
export const LOCAL_CIVITAI_TOKEN = 'local-civitai-token'

const SECOND_MS = 1_000
const DAY_MS = 86_400_000

/** Tokens, and the two limits of an account or an address. */
export interface Account {
  /** The token, if it is one of ours. A wrong one counts as none, without a word (contract §1). */
  tokenOf(request: IncomingMessage, url: URL): string | null
  /** Counts a request against the edge's rate. Throws 429. */
  admit(): void
  /** Counts a redirect that is handed out against the day (contract §5). Throws 429. */
  countDownload(token: string | null): void
}

export function createAccount(options: {
  tokens: readonly string[]
  /** `null`: no limit. */
  requestsPerSecond: number | null
  downloadsPerDay: number | null
  now: () => number
}): Account {
  const { tokens, requestsPerSecond, downloadsPerDay, now } = options
  let recent: number[] = []
  let downloads: { by: string | null; atMs: number }[] = []
  return {
    tokenOf(request, url) {
      const header = request.headers.authorization
      // Split at the first space; without the word before it there is no token. The header wins (contract §1).
      const told = header === undefined ? url.searchParams.get('token') : header.split(' ').slice(1).join(' ')
      return tokens.find((token) => token === told) ?? null
    },
    admit() {
      if (requestsPerSecond === null) return
      recent = recent.filter((atMs) => now() - atMs < SECOND_MS)
      // A page of the edge's, and no Retry-After (contract §7).
      if (recent.length >= requestsPerSecond) throw new PageRefusal(429, 'You are being rate limited')
      recent.push(now())
    },
    countDownload(token) {
      downloads = downloads.filter(({ atMs }) => now() - atMs < DAY_MS)
      const used = downloads.filter(({ by }) => by === token).length
      if (downloadsPerDay !== null && used >= downloadsPerDay) {
        const said =
          "We've noticed an unusual amount of downloading from your account. Contact support@civitai.com or come back later."
        throw new Refusal(429, { error: said })
      }
      downloads.push({ by: token, atMs: now() })
    },
  }
}
