import * as z from 'zod'
import { type AppError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import { isHttpError } from '#shared/http/http-error.ts'
import { jsonBody, type RequestBody } from '#shared/http/request-body.ts'
import { parseJson } from '../parse-json.ts'

/** Where a project's users sign in; Google's own addresses where a profile names no others. */
export interface SignInService {
  http: HttpClient
  /** Without a slash at their ends. */
  identityUrl: string
  tokenUrl: string
  apiKey: string
}

export const googleIdentityUrl = 'https://identitytoolkit.googleapis.com'
export const googleTokenUrl = 'https://securetoken.googleapis.com'

/** Somebody who has just signed in, or gone on. */
export interface SignedIn {
  uid: string
  /** Null where only a refresh token was shown. */
  email: string | null
  idToken: string
  refreshToken: string
  /** From now on. */
  lifetimeMs: number
}

const seconds = z.coerce.number().int().positive()
const passwordAnswer = z.object({
  localId: z.string(),
  email: z.string(),
  idToken: z.string(),
  refreshToken: z.string(),
  expiresIn: seconds,
})
/** With a second factor there is no token yet. */
const pendingAnswer = z.object({ mfaPendingCredential: z.string() })
const tokenAnswer = z.object({
  user_id: z.string(),
  id_token: z.string(),
  refresh_token: z.string(),
  expires_in: seconds,
})

/** Identity Toolkit's `accounts:signInWithPassword`. @throws AppError `forge.login-…` */
export async function signInWithPassword(
  service: SignInService,
  params: { email: string; password: string; signal?: AbortSignal | undefined },
): Promise<SignedIn> {
  const { email, password, signal } = params
  const url = `${service.identityUrl}/v1/accounts:signInWithPassword`
  const answer = await post(service, url, jsonBody({ email, password, returnSecureToken: true }), signal)
  if (pendingAnswer.safeParse(answer).success) {
    const message = 'This account has a second factor, which forge cannot ask for: give a refresh token instead.'
    throw new FinalError({ code: 'forge.login-second-factor', message })
  }
  const { localId: uid, expiresIn, ...signedIn } = read(passwordAnswer, answer)
  return { ...signedIn, uid, lifetimeMs: expiresIn * 1000 }
}

/** Secure Token's `token`: another ID token for a refresh token. @throws AppError `forge.login-…` */
export async function refreshSignIn(
  service: SignInService,
  params: { refreshToken: string; signal?: AbortSignal | undefined },
): Promise<SignedIn> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: params.refreshToken })
  const body: RequestBody = {
    kind: 'bytes',
    bytes: Buffer.from(String(form)),
    contentType: 'application/x-www-form-urlencoded',
  }
  const answer = read(tokenAnswer, await post(service, `${service.tokenUrl}/v1/token`, body, params.signal))
  return {
    uid: answer.user_id,
    email: null,
    idToken: answer.id_token,
    refreshToken: answer.refresh_token,
    lifetimeMs: answer.expires_in * 1000,
  }
}

async function post(service: SignInService, url: string, body: RequestBody, signal?: AbortSignal): Promise<unknown> {
  const target = new URL(url)
  target.searchParams.set('key', service.apiKey)
  try {
    // Redirects would carry a password on.
    const request = { url: target, method: 'POST', body, redirect: 'manual' as const, ...(signal ? { signal } : {}) }
    return await (await service.http.request(request)).json()
  } catch (error) {
    signal?.throwIfAborted()
    throw refusalOf(error, target.host)
  }
}

function read<T>(schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const message = 'The sign-in answered something that forge does not understand.'
  throw new FinalError({ code: 'forge.login-bad-answer', message })
}

const errorAnswer = z.object({ error: z.object({ message: z.string() }) })

/** Google's words for what is wrong, which may go on behind a blank or a colon. */
const sentences: Readonly<Record<string, readonly [code: string, message: string]>> = {
  INVALID_LOGIN_CREDENTIALS: ['wrong-password', 'E-mail address and password do not go together.'],
  INVALID_PASSWORD: ['wrong-password', 'E-mail address and password do not go together.'],
  EMAIL_NOT_FOUND: ['wrong-password', 'E-mail address and password do not go together.'],
  INVALID_EMAIL: ['bad-email', 'That is no e-mail address.'],
  MISSING_PASSWORD: ['wrong-password', 'The password is empty.'],
  USER_DISABLED: ['disabled', 'This account is disabled.'],
  USER_NOT_FOUND: ['expired', 'The account is gone; sign in with another one.'],
  TOKEN_EXPIRED: ['expired', 'You are signed in no longer: "forge login" does it again.'],
  INVALID_REFRESH_TOKEN: ['expired', 'The refresh token is not good here: "forge login" gets another one.'],
  PROJECT_NUMBER_MISMATCH: ['other-project', 'The refresh token is of another project than the API key.'],
  OPERATION_NOT_ALLOWED: ['no-passwords', 'The project has no sign-in by password: give a refresh token instead.'],
  PASSWORD_LOGIN_DISABLED: ['no-passwords', 'The project has no sign-in by password: give a refresh token instead.'],
  TOO_MANY_ATTEMPTS_TRY_LATER: ['too-often', 'There were too many attempts to sign in; wait some minutes.'],
}

function refusalOf(cause: unknown, host: string): unknown {
  if (!isHttpError(cause)) return cause
  const said = errorAnswer.safeParse(parseJson(cause.answer?.bodyText ?? ''))
  if (!said.success) return unreachable(cause, host)
  const { message } = said.data.error
  const known = sentences[/^[A-Z_]+/.exec(message)?.[0] ?? '']
  if (known) return new FinalError({ code: `forge.login-${known[0]}`, message: known[1], cause })
  const isKey = /api key/i.test(message)
  return new FinalError({
    code: isKey ? 'forge.login-bad-key' : 'forge.login-refused',
    message: isKey
      ? `${host} does not take the profile's API key: "forge profile add" corrects it.`
      : `${host} refused the sign-in: ${message.slice(0, 200)}`,
    cause,
  })
}

function unreachable(cause: AppError, host: string): AppError {
  const init = { code: 'forge.login-unreachable', message: `${host}, where one signs in, does not answer.`, cause }
  return cause.retryable ? new TransientError(init) : new FinalError(init)
}
