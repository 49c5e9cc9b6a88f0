import { ConfigError } from '../errors/app-error.ts'
import { readWebhookSecret, type SignatureVerdict, verifyWebhook, type WebhookKey } from './webhook-signature.ts'

/** Judges webhooks for a service: with the secrets that are configured, and with the account's own as it is now. */
export interface WebhookVerifier {
  /** Throws only where there is no key at all and none could be had: a ReplicateError, for whoever has to say "later". */
  verify(delivery: Pick<Parameters<typeof verifyWebhook>[0], 'headers' | 'body'>): Promise<SignatureVerdict>
}

/**
 * Between two looks at the account's secret. Anybody can send what does not match; a rotation is rare, and its last
 * webhooks are repeated for a minute and found by the poller after that.
 */
const LOOK_EVERY_MS = 5 * 60_000

/** Throws a ConfigError for a configured secret that is none. */
export function createWebhookVerifier(options: {
  /** `whsec_…`; several during a rotation. */
  secrets: readonly string[]
  /** Asks the API for the account's; null: the configured ones are all. */
  fetchSecret: (() => Promise<string>) | null
  now?: () => number
}): WebhookVerifier {
  const { fetchSecret, now = Date.now } = options
  const configured = options.secrets.map(readConfigured)
  let fetched: WebhookKey[] = []
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | null = null

  async function look(ask: () => Promise<string>): Promise<void> {
    const key = readWebhookSecret(await ask())
    // The one before signs what was on its way when the secret was changed.
    if (key !== null && !fetched.some((known) => known.equals(key))) fetched = [key, ...fetched].slice(0, 2)
  }

  /** One look for all that wait for it. */
  function lookAgain(ask: () => Promise<string>): Promise<void> {
    if (looking === null && now() - lookedAtMs >= LOOK_EVERY_MS) {
      lookedAtMs = now()
      looking = look(ask).finally(() => {
        looking = null
      })
    }
    return looking ?? Promise.resolve()
  }

  return {
    async verify(delivery) {
      const judge = (): SignatureVerdict =>
        verifyWebhook({ ...delivery, keys: [...configured, ...fetched], nowMs: now() })
      const verdict = judge()
      // Only what is fresh and well formed is worth a look: a replay or rubbish never matches.
      if (verdict.isValid || verdict.reason !== 'no-match' || fetchSecret === null) return verdict
      try {
        await lookAgain(fetchSecret)
      } catch (error) {
        if (configured.length + fetched.length > 0) return verdict
        // With nothing to judge by, the next may ask at once.
        lookedAtMs = Number.NEGATIVE_INFINITY
        throw error
      }
      return judge()
    },
  }
}

function readConfigured(secret: string): WebhookKey {
  const key = readWebhookSecret(secret)
  if (key !== null) return key
  throw new ConfigError({
    code: 'replicate.bad-webhook-secret',
    message:
      'A secret in REPLICATE_WEBHOOK_SECRETS is not whsec_ and base64 of at least 24 bytes; see `GET /webhooks/default/secret`.',
  })
}
