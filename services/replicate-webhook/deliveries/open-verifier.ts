import type { SecretReference } from '#shared/config/secret-reference.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { createWebhookVerifier, type WebhookVerifier } from '#shared/replicate/webhook-verifier.ts'
import { type SecretSource, secretSource } from '#shared/secrets/secret-source.ts'
import type { ReplicateWebhookInit } from '../app.ts'

/**
 * Judges webhooks with the secrets that are configured, as they are at the moment; without any with the account's own. Throws a
 * TransientError `webhook.no-key` where there is nothing to judge by.
 */
export function openVerifier(init: Pick<ReplicateWebhookInit, 'config' | 'onShutdown'>): WebhookVerifier {
  const reference: SecretReference | null = init.config.REPLICATE_WEBHOOK_SECRETS
  const verifier =
    reference === null
      ? createWebhookVerifier({ secrets: [], fetchSecret: accountSecret(init) })
      : rotatingVerifier(secretSource(reference))
  return {
    async verify(delivery) {
      try {
        return await verifier.verify(delivery)
      } catch (cause) {
        throw new TransientError({
          code: 'webhook.no-key',
          message: 'There is no secret at the moment to judge the webhook by; send it again.',
          cause,
        })
      }
    },
  }
}

/** A secret in a mounted file or in Secret Manager can change while the service runs. */
export function rotatingVerifier(source: SecretSource, now: () => number = Date.now): WebhookVerifier {
  let current: { text: string; verifier: WebhookVerifier } | null = null
  return {
    async verify(delivery) {
      const text = await source.get()
      if (current?.text !== text) {
        // Explicit secrets are all: who names them does not want another to be good as well.
        const verifier = createWebhookVerifier({ secrets: text.split(','), fetchSecret: null, now })
        current = { text, verifier }
      }
      return await current.verifier.verify(delivery)
    },
  }
}

/** What speaks to Replicate is loaded for the first webhook that needs it. */
function accountSecret(init: Pick<ReplicateWebhookInit, 'config' | 'onShutdown'>): () => Promise<string> {
  let opening: Promise<() => Promise<string>> | null = null
  return async () => {
    opening ??= import('../open-replicate.ts').then(({ openReplicate }) => {
      const { client } = openReplicate(init)
      return () => client.webhookSecrets.get()
    })
    return await (await opening)()
  }
}
