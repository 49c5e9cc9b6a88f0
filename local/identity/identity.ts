import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, type JSONWebKeySet, type JWK, SignJWT } from 'jose'
import { z } from 'zod'

/** The issuer in the OIDC tokens of Google's service accounts. */
export const ISSUER = 'https://accounts.google.com'
const LIFETIME_S = 3_600

/** Who signs in the local cloud: what Google's token service is to Cloud Tasks, Cloud Scheduler and Eventarc. */
export interface Identity {
  /** An OIDC token as Google gives it to a service account; valid for an hour. */
  mint(params: { audience: string; email: string }): Promise<string>
  /** A Firebase ID token as an app's user gets it at sign-in; valid for an hour. `claims` are custom ones. */
  mintUser(params: {
    projectId: string
    uid: string
    email?: string
    claims?: Record<string, unknown>
  }): Promise<string>
  /** Any claims at all, with the same key: for tests of those who judge tokens. */
  sign(claims: Record<string, unknown>): Promise<string>
  /** The public key, as a service fetches it to check such tokens. */
  jwks: JSONWebKeySet
}

const StoredKey = z.looseObject({ kty: z.literal('RSA'), kid: z.string(), d: z.string(), n: z.string(), e: z.string() })

/** Opens the local cloud's RS256 key in `dataDir`, made at the first start; null keeps it in memory. */
export async function openIdentity(options: { dataDir: string | null; now?: () => number }): Promise<Identity> {
  const { dataDir, now = Date.now } = options
  const jwk = (dataDir === null ? null : await loadKey(dataDir)) ?? (await createKey(dataDir))
  const key = await importJWK(jwk, 'RS256')
  const sign = (claims: Record<string, unknown>) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: jwk.kid, typ: 'JWT' }).sign(key)
  const lifetime = () => {
    const iat = Math.floor(now() / 1000)
    return { iat, exp: iat + LIFETIME_S }
  }
  return {
    jwks: { keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256', kid: jwk.kid, n: jwk.n, e: jwk.e }] },
    sign,
    mint: ({ audience, email }) =>
      sign({ iss: ISSUER, aud: audience, sub: email, email, email_verified: true, azp: email, ...lifetime() }),
    mintUser({ projectId, uid, email, claims = {} }) {
      const { iat, exp } = lifetime()
      return sign({
        ...claims,
        ...(email === undefined ? {} : { email, email_verified: true }),
        iss: `https://securetoken.google.com/${projectId}`,
        aud: projectId,
        sub: uid,
        user_id: uid,
        auth_time: iat,
        iat,
        exp,
        firebase: { sign_in_provider: 'custom', identities: {} },
      })
    },
  }
}

type RsaKey = z.infer<typeof StoredKey>

async function createKey(dataDir: string | null): Promise<RsaKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = StoredKey.parse({ ...(await exportJWK(privateKey)), kid: randomUUID() } satisfies JWK)
  if (dataDir !== null) await saveKey(dataDir, jwk)
  return jwk
}

/** Where the key lies that tokens are signed with. */
export function identityKeyPath(dataDir: string): string {
  return join(dataDir, 'identity', 'key.json')
}

async function loadKey(dataDir: string): Promise<RsaKey | null> {
  const path = identityKeyPath(dataDir)
  return existsSync(path) ? StoredKey.parse(JSON.parse(await readFile(path, 'utf8'))) : null
}

/** Readable by its owner alone; whole or not at all, since a start may be killed. */
async function saveKey(dataDir: string, jwk: RsaKey): Promise<void> {
  const path = identityKeyPath(dataDir)
  await mkdir(join(dataDir, 'identity'), { recursive: true })
  await writeFile(`${path}.tmp`, JSON.stringify(jwk), { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}
