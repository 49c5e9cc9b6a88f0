import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { sleep } from '#shared/retry/sleep.ts'
import { createFaultQueue, type DueFault, type FaultQueue } from '../fault-queue.ts'
import { jsonAnswer, type RequestFault, requestFaults, sendInstead, sendThrough } from '../stand-in-answer.ts'
import { readBody, startStandInServer } from '../stand-in-server.ts'
import { type Account, LOCAL_API_KEY, localAccounts } from './accounts.ts'
import type { Identity } from './identity.ts'
import { createSignIn, type SignIn, SignInRefusal } from './sign-in.ts'

export type SignInEndpoint = 'password' | 'token'

/** One call that the stand-in has seen; passwords and tokens are not kept. */
export interface SignInRequest {
  endpoint: SignInEndpoint
  status: number
}

export interface SignInStandInOptions {
  /** 0 takes a free one. */
  port?: number
  /** Who signs the tokens: the services check them by its key. */
  identity: Identity
  projectId: string
  accounts?: readonly Account[]
  apiKey?: string
}

/** Where users of the local cloud's project sign in: two calls of Google's Identity Platform, as Firebase's emulator names them. */
export interface SignInStandIn {
  /** For `forge profile add --identity-url`. */
  identityUrl: string
  /** For `forge profile add --token-url`. */
  tokenUrl: string
  url: string
  requests: readonly SignInRequest[]
  revoke: SignIn['revoke']
  inject: FaultQueue<RequestFault, SignInEndpoint>['inject']
  assertAllFired(): void
  close(): Promise<void>
}

const endpoints: Readonly<Record<string, SignInEndpoint>> = {
  '/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword': 'password',
  '/securetoken.googleapis.com/v1/token': 'token',
}

const faultOrder = z.strictObject({
  fault: z.discriminatedUnion('kind', requestFaults),
  times: z.int().min(1).default(1),
  endpoint: z.enum(['password', 'token']).optional(),
})

/** A password and a token are small. */
const MAX_BODY_BYTES = 64 * 1024

/** Starts the stand-in on 127.0.0.1. */
export async function startSignIn(options: SignInStandInOptions): Promise<SignInStandIn> {
  const { port = 0, accounts = localAccounts(), apiKey = LOCAL_API_KEY } = options
  const signIn = createSignIn({ ...options, accounts })
  const faults = createFaultQueue<RequestFault, SignInEndpoint>()
  const requests: SignInRequest[] = []

  async function serve(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const endpoint = endpoints[url.pathname]
    if (endpoint === undefined || request.method !== 'POST') throw new SignInRefusal('Not Found', 404)
    const body = await readBody(request, MAX_BODY_BYTES)
    if (body === null) throw new SignInRefusal('Request payload is too large', 413)
    const due: DueFault<RequestFault> | null = faults.next(endpoint)
    const fire = () => due?.fire()
    if (sendInstead({ response, fault: due?.fault ?? null, fire, page })) return
    if (due?.fault.kind === 'delay') await sleep(due.fault.ms, server.stopped)
    const seen: SignInRequest = { endpoint, status: 200 }
    requests.push(seen)
    try {
      checkKey(url.searchParams.get('key'), apiKey)
      const answer = await answerTo(signIn, endpoint, body)
      fire()
      sendThrough(response, jsonAnswer(200, answer), due?.fault ?? null)
    } catch (error) {
      seen.status = error instanceof SignInRefusal ? error.status : 500
      throw error
    }
  }

  const server = await startStandInServer({
    title: 'Sign-in stand-in',
    port,
    faults,
    faultOrder,
    requests,
    serve,
    refuse(response, error) {
      const refusal = error instanceof SignInRefusal ? error : new SignInRefusal('Internal error encountered.', 500)
      sendThrough(response, refusalAnswer(refusal), null)
    },
  })
  return {
    url: server.url,
    identityUrl: `${server.url}/identitytoolkit.googleapis.com`,
    tokenUrl: `${server.url}/securetoken.googleapis.com`,
    requests,
    revoke: signIn.revoke,
    inject: faults.inject,
    assertAllFired: faults.assertAllFired,
    close: server.close,
  }
}

async function answerTo(signIn: SignIn, endpoint: SignInEndpoint, body: Buffer): Promise<Record<string, unknown>> {
  const text = body.toString('utf8')
  return endpoint === 'password'
    ? await signIn.withPassword(parseJson(text))
    : await signIn.withRefreshToken(new URLSearchParams(text))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SignInRefusal('Invalid JSON payload received.')
  }
}

function checkKey(given: string | null, apiKey: string): void {
  if (given === null) throw new SignInRefusal('The request is missing a valid API key.', 403)
  if (given !== apiKey) throw new SignInRefusal('API key not valid. Please pass a valid API key.')
}

function refusalAnswer({ status, message }: SignInRefusal) {
  const errors = [{ message, domain: 'global', reason: 'invalid' }]
  return jsonAnswer(status, { error: { code: status, message, errors } })
}

/** A gateway's page. */
function page(status: number) {
  return { status, headers: { 'content-type': 'text/html' }, body: `<html><title>Error ${status}</title></html>` }
}
