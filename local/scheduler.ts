import type { Logger } from '#shared/logging/logger.ts'
import { internalCaller } from './cloud.ts'
import type { Identity } from './identity/identity.ts'

/** What Cloud Scheduler is to the reconcilers: a call with an OIDC token, every minute. */
export function scheduleReconciler(options: {
  serviceUrl: string
  identity: Identity
  everyMs: number
  logger: Logger
}): { close(): void } {
  const { serviceUrl, identity, logger } = options
  const call = async () => {
    try {
      const token = await identity.mint({ audience: serviceUrl, email: internalCaller })
      const answer = await fetch(new URL('/internal/reconcile', serviceUrl), {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      })
      await answer.body?.cancel()
      if (!answer.ok) logger.warn(`The reconciler answered ${answer.status}.`, { serviceUrl })
    } catch (error) {
      logger.debug('The reconciler could not be reached; it is called again.', { error, serviceUrl })
    }
  }
  const timer = setInterval(() => void call(), options.everyMs)
  return { close: () => clearInterval(timer) }
}
