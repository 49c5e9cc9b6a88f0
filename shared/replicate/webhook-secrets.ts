import * as z from 'zod'
import { callApi, type ReplicateOptions } from './call-api.ts'
import { readWebhookSecret } from './webhook-signature.ts'

export interface WebhookSecrets {
  /** The account's secret, `whsec_…`: there is one, and it changes when somebody rotates it. */
  get(options?: { signal?: AbortSignal }): Promise<string>
}

const secretSchema = z.object({ key: z.string().refine((secret) => readWebhookSecret(secret) !== null) })

/** `/webhooks/default/secret` of the API (contract §5). */
export function createWebhookSecrets(options: ReplicateOptions): WebhookSecrets {
  return {
    async get({ signal } = {}) {
      const call = { method: 'GET', path: '/webhooks/default/secret', signal } as const
      return (await callApi(options, call, secretSchema)).key
    },
  }
}
