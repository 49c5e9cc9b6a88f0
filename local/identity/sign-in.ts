import { createLocalJWKSet, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Account } from './accounts.ts'
import type { Identity } from './identity.ts'

/** A refusal of Google's sign-in: `{"error": {"code", "message"}}`. */
export class SignInRefusal extends Error {
  readonly status: number

  constructor(message: string, status = 400) {
    super(message)
    this.name = 'SignInRefusal'
    this.status = status
  }
}

export interface SignInOptions {
  identity: Identity
  projectId: string
  accounts: readonly Account[]
}

/** What both endpoints of the sign-in do, apart from HTTP. */
export interface SignIn {
  /** `accounts:signInWithPassword`. @throws SignInRefusal */
  withPassword(body: unknown): Promise<Record<string, unknown>>
  /** `token`. @throws SignInRefusal */
  withRefreshToken(form: URLSearchParams): Promise<Record<string, unknown>>
  /** Refresh tokens of this user that were given out by now are good no longer, as after a change of password. */
  revoke(uid: string): void
}

/** As with Google: an ID token is good for an hour. */
const LIFETIME_S = '3600'

const passwordRequest = z.object({ email: z.string().optional(), password: z.string().optional() })
const refreshClaims = z.object({ use: z.literal('refresh'), uid: z.string(), round: z.number() })

/** Refresh tokens are signed, not stored: they outlive a restart of the local cloud, as its key does. */
export function createSignIn({ identity, projectId, accounts }: SignInOptions): SignIn {
  const rounds = new Map<string, number>()
  const roundOf = (uid: string) => rounds.get(uid) ?? 0
  const idTokenOf = ({ uid, email, claims }: Account) =>
    identity.mintUser({ projectId, uid, email, ...(claims ? { claims } : {}) })

  function checkEnabled(account: Account): void {
    if (account.isDisabled) throw new SignInRefusal('USER_DISABLED')
  }

  return {
    async withPassword(body) {
      const { email = '', password = '' } = passwordRequest.catch({}).parse(body)
      if (!/^[^@\s]+@[^@\s]+$/.test(email)) throw new SignInRefusal('INVALID_EMAIL')
      if (password === '') throw new SignInRefusal('MISSING_PASSWORD')
      const account = accounts.find((one) => one.email.toLowerCase() === email.toLowerCase())
      // With protection against the guessing of addresses, which new projects have, both mistakes look alike.
      if (account?.password !== password) throw new SignInRefusal('INVALID_LOGIN_CREDENTIALS')
      checkEnabled(account)
      const refreshToken = await identity.sign({ use: 'refresh', uid: account.uid, round: roundOf(account.uid) })
      return {
        kind: 'identitytoolkit#VerifyPasswordResponse',
        localId: account.uid,
        email: account.email,
        displayName: '',
        idToken: await idTokenOf(account),
        registered: true,
        refreshToken,
        expiresIn: LIFETIME_S,
      }
    },
    async withRefreshToken(form) {
      if (form.get('grant_type') !== 'refresh_token') throw new SignInRefusal('INVALID_GRANT_TYPE')
      const refreshToken = form.get('refresh_token')
      if (!refreshToken) throw new SignInRefusal('MISSING_REFRESH_TOKEN')
      const claims = await readRefreshToken(identity, refreshToken)
      if (claims === null) throw new SignInRefusal('INVALID_REFRESH_TOKEN')
      const account = accounts.find(({ uid }) => uid === claims.uid)
      if (account === undefined) throw new SignInRefusal('USER_NOT_FOUND')
      checkEnabled(account)
      if (claims.round !== roundOf(account.uid)) throw new SignInRefusal('TOKEN_EXPIRED')
      const idToken = await idTokenOf(account)
      return {
        access_token: idToken,
        expires_in: LIFETIME_S,
        token_type: 'Bearer',
        refresh_token: refreshToken,
        id_token: idToken,
        user_id: account.uid,
        project_id: projectId,
      }
    },
    revoke: (uid) => void rounds.set(uid, roundOf(uid) + 1),
  }
}

async function readRefreshToken(identity: Identity, token: string): Promise<z.output<typeof refreshClaims> | null> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(identity.jwks))
    return refreshClaims.parse(payload)
  } catch {
    return null
  }
}
