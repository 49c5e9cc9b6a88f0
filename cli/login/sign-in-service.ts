import { ConfigError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import type { Profile } from '../profiles/profiles.ts'
import { googleIdentityUrl, googleTokenUrl, type SignInService } from './firebase.ts'

/** Where the users of a profile's project sign in. @throws ConfigError where the profile has no API key. */
export function signInService(profile: Profile, http: HttpClient): SignInService {
  const { apiKey, identityUrl, tokenUrl } = profile
  if (apiKey === null) {
    const message = 'The profile has no API key, so nobody can sign in by it: "forge profile add NAME --api-key KEY".'
    throw new ConfigError({ code: 'forge.no-api-key', message })
  }
  return {
    http,
    apiKey,
    identityUrl: identityUrl ?? googleIdentityUrl,
    tokenUrl: tokenUrl ?? googleTokenUrl,
  }
}
