import * as z from 'zod'
import { FinalError } from '#shared/errors/app-error.ts'
import { localDataDir } from '../local-data.ts'

const reportSchema = z.record(z.string(), z.number())
const requestTimeoutMs = 600_000

/** Has a service reconcile by itself. @returns its report. @throws FinalError `forge.reconcile-refused`, or the signal's reason. */
export async function askService(serviceUrl: string, signal: AbortSignal): Promise<Record<string, number>> {
  const url = new URL('/internal/reconcile', serviceUrl)
  const headers = await identity(url)
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
  }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw refused(`${url.origin} could not be reached.`, cause)
  })
  if (answer.ok) return reportSchema.parse(await answer.json())
  await answer.body?.cancel()
  // Internal ingress answers 404 itself, and Cloud Run's IAM 403: a laptop is neither inside nor an invoker.
  const isOutside = [401, 403, 404].includes(answer.status)
  throw refused(
    `${url.origin} answered ${answer.status}.${isOutside ? ' It takes calls from inside and from INTERNAL_INVOKERS only: give TASKS_QUEUE, or run its Cloud Scheduler job.' : ''}`,
  )
}

/** An OIDC token, as Google's front end and the service ask for one. */
async function identity(url: URL): Promise<Record<string, string>> {
  if (url.protocol !== 'https:') {
    const { internalTokenByKey } = await import('#local/identity/internal-token.ts')
    const token = await internalTokenByKey(localDataDir(), url.origin)
    return token === null ? {} : { authorization: `Bearer ${token}` }
  }
  const { GoogleAuth } = await import('google-auth-library')
  try {
    const client = await new GoogleAuth().getIdTokenClient(url.origin)
    const token = (await client.getRequestHeaders(url.href)).get('authorization')
    return token ? { authorization: token } : {}
  } catch (cause) {
    throw refused('No identity token could be made: only service accounts get one; give TASKS_QUEUE instead.', cause)
  }
}

function refused(message: string, cause?: unknown): FinalError {
  return new FinalError({ code: 'forge.reconcile-refused', message, ...(cause === undefined ? {} : { cause }) })
}
