import { UsageError } from '../command.ts'
import { localDataDir } from '../local-data.ts'
import { type ApiClient, createApiClient } from './api-client.ts'

/** Options of every command that speaks to the API. */
export const apiOptions = {
  api: { type: 'string' },
  token: { type: 'string' },
} as const

/** How `--help` explains them. */
export const apiUsage = `  --api URL          where the API is (else FORGE_API_URL, else the local cloud)
  --token TOKEN      whose ID token to show (else FORGE_TOKEN; the local cloud's user needs none)
  --json, --local    as for every command`

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/**
 * Connects to the API that the options name, or the environment, or to that of `npm run dev`. There one is signed in
 * as its user.
 * @throws UsageError without a token for an API that is elsewhere, or a URL that would carry the token in the clear.
 */
export async function connectToApi(
  values: { api?: string | undefined; token?: string | undefined; local: boolean },
  usage: string,
): Promise<ApiClient> {
  const { FORGE_API_URL, FORGE_TOKEN } = process.env
  const asked = values.local ? null : values.api || FORGE_API_URL || null
  const url = URL.parse(asked ?? (await localApiUrl()))
  if (url === null) throw new UsageError(`"${asked}" is no URL.`, usage)
  const isLocal = LOOPBACK.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    throw new UsageError('The API has to be an https URL (http only on this machine).', usage)
  }
  const token = values.token || (values.local ? null : FORGE_TOKEN) || null
  if (token === null && !isLocal) throw new UsageError('Give an ID token: --token or FORGE_TOKEN.', usage)
  return createApiClient({
    baseUrl: url.href.replace(/\/+$/, ''),
    isLocal,
    token: token === null ? localToken(usage) : async () => token,
  })
}

async function localApiUrl(): Promise<string> {
  const { defaultServiceUrl } = await import('#local/services.ts')
  return defaultServiceUrl('api')
}

/** By the key of the local cloud, which lies beside its data. */
function localToken(usage: string): () => Promise<string> {
  return async () => {
    const { signInByKey } = await import('#local/identity/local-user.ts')
    const token = await signInByKey(localDataDir())
    if (token === null) throw new UsageError('`npm run dev` has never run here: give a token, or start it.', usage)
    return token
  }
}
