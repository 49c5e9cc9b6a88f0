import { FinalError } from '#shared/errors/app-error.ts'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { createRateLimiter } from '#shared/http/rate-limiter.ts'
import { createReplicateClient, REPLICATE_RATE, type ReplicateClient } from '#shared/replicate/client.ts'
import { type SecretSource, secretSource } from '#shared/secrets/secret-source.ts'
import type { ReplicateWebhookInit } from './app.ts'

/** Replicate, and what speaks to the places that it names. */
export interface Replicate {
  client: ReplicateClient
  /** For outputs: the author of a model writes where they lie, so it goes through the guard. */
  web: HttpClient
}

/** Where Replicate wants more, the job rests until then: sleeping through it would keep its lease. */
const HOLD_PATIENCE_MS = 30_000

/** Replicate as the environment describes it. Nothing is sent before it is asked. */
export function openReplicate(init: Pick<ReplicateWebhookInit, 'config' | 'onShutdown'>): Replicate {
  const { config } = init
  const { host, protocol } = new URL(config.REPLICATE_BASE_URL)
  // A stand-in at http has no limit to keep to, and tests would wait for nothing.
  const rules = protocol === 'https:' ? { [host]: REPLICATE_RATE } : {}
  const web = createHttpClient({
    guard: createAddressGuard({ allowHosts: config.FETCH_ALLOW_HOSTS }),
    limiter: createRateLimiter({ rules, patienceMs: HOLD_PATIENCE_MS }),
  })
  init.onShutdown('connections to Replicate', () => web.close())
  const token = config.REPLICATE_API_TOKEN
  const source = token ? secretSource(token) : noToken
  const client = createReplicateClient({
    http: web,
    baseUrl: config.REPLICATE_BASE_URL,
    apiToken: () => source.get(),
  })
  return { client, web }
}

/** The service starts without a token, so that a project can be deployed before it has one. */
const noToken: SecretSource = {
  async get() {
    throw new FinalError({
      code: 'replicate.no-token',
      message: 'REPLICATE_API_TOKEN is not given: Replicate cannot be asked.',
    })
  },
}
