import { CallerError, FinalError } from '#shared/errors/app-error.ts'
import { createAddressGuard, portOf } from '#shared/http/address-guard.ts'
import type { ApiContext } from '../api-context.ts'

/** A name server that does not answer must not hold a request. */
const RESOLVE_TIMEOUT_MS = 5_000

/** Makes the refusal of a URL of its sentence. */
type Refuse = (message: string, cause: unknown) => CallerError

/**
 * Checks a URL that a user gives as far as it can be before it is fetched, so that its sender learns at once: what it says, and
 * where its host leads at the moment. The fetch checks again, on the connected socket: names can lead elsewhere by then.
 * Throws what `refuse` makes.
 */
export async function checkFetchedUrl(
  context: Pick<ApiContext, 'config' | 'resolveHost'>,
  text: string,
  refuse: Refuse,
): Promise<void> {
  const guard = createAddressGuard({
    allowHosts: context.config.FETCH_ALLOW_HOSTS,
    ...(context.resolveHost ? { resolve: context.resolveHost } : {}),
  })
  try {
    const url = guard.checkUrl(text)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (guard.isExempt(host, portOf(url))) return
    const addresses = await resolveSoon(host, guard.resolve, refuse)
    for (const { address } of addresses) guard.checkAddress(host, address)
  } catch (error) {
    throw error instanceof FinalError ? refuse(error.message, error) : error
  }
}

async function resolveSoon(host: string, resolve: (host: string) => Promise<{ address: string }[]>, refuse: Refuse) {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(refuse(unresolved(host), null)), RESOLVE_TIMEOUT_MS)
  try {
    return await Promise.race([resolve(host), late.promise])
  } catch (error) {
    throw error instanceof CallerError ? error : refuse(unresolved(host), error)
  } finally {
    clearTimeout(timer)
  }
}

function unresolved(host: string): string {
  return `The host ${host} could not be found; check the address.`
}
