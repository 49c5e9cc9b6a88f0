import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { UsageError } from '../command.ts'
import { localDataDir } from '../local-data.ts'
import { type ApiClient, createApiClient } from './api-client.ts'
import { isLoopback, isPlainUrl, isSafeUrl } from './safe-url.ts'

/**
 * Connects to the API that the options name, or the environment (which a profile fills in), or to that of `npm run dev`.
 * There one is signed in as its user.
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
  if (!isSafeUrl(url)) throw new UsageError('The API has to be an https URL (http only on this machine).', usage)
  if (!isPlainUrl(url)) throw new UsageError('The URL of the API takes no user, no "?" and no "#".', usage)
  const isLocal = isLoopback(url)
  const token = values.token || (values.local ? null : FORGE_TOKEN) || null
  const http = createHttpClient()
  const session = token === null && !values.local ? await profileTokens(url, http) : null
  if (token === null && session === null && !isLocal) {
    http.close()
    throw new UsageError('Sign in (forge login), or give an ID token: --token or FORGE_TOKEN.', usage)
  }
  return createApiClient({
    baseUrl: url.href.replace(/\/+$/, ''),
    isLocal,
    token: token === null ? (session ?? localToken(usage)) : async () => token,
    http,
  })
}

/** The tokens of whoever is signed in by the profile in effect; null for an API that is not the profile's. */
async function profileTokens(api: URL, http: HttpClient): Promise<(() => Promise<string>) | null> {
  const name = process.env.FORGE_PROFILE
  if (!name) return null
  const { profileNamed, readProfiles } = await import('../profiles/profiles.ts')
  const { readSession, sessionTokens } = await import('../login/session.ts')
  const profile = profileNamed(await readProfiles(process.env), name)
  const session = await readSession(process.env, name)
  if (session === null || profile.apiUrl === null || URL.parse(profile.apiUrl)?.origin !== api.origin) return null
  if (session.apiUrl !== profile.apiUrl || session.apiKey !== profile.apiKey) return null
  const { signInService } = await import('../login/sign-in-service.ts')
  const service = signInService(profile, http)
  return sessionTokens({ env: process.env, profileName: name, session, service })
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
