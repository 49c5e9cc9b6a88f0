import { civitaiRateRules } from '../../civitai/client.ts'
import type { SecretReference } from '../../config/secret-reference.ts'
import type { ApiClientOptions } from '../../http/api-client-options.ts'
import { createHttpClient } from '../../http/client.ts'
import { createRateLimiter } from '../../http/rate-limiter.ts'
import { secretSource } from '../../secrets/secret-source.ts'
import type { SearchSource } from '../search/search-source.ts'
import { civitaiSource } from './civitai-source.ts'
import { huggingFaceSource } from './hugging-face-source.ts'

/** Both hubs, as their configuration says. */
export interface Hubs {
  civitai: ApiClientOptions
  huggingface: ApiClientOptions
  /** To be searched. */
  sources: readonly SearchSource[]
  close(): void
}

export interface HubsConfig {
  CIVITAI_BASE_URL: string
  CIVITAI_API_KEY: SecretReference | null
  CIVITAI_REQUESTS_PER_MINUTE: number
  HF_BASE_URL: string
  HF_TOKEN: SecretReference | null
}

/** People wait for the answer: a page, its look at a model and a registration go out at once, what follows has to wait. */
const CIVITAI_BURST = 5
/** Whoever asked is told when to come back rather than made to wait. */
const HOLD_PATIENCE_MS = 1_000

/** Opens the hubs for requests that people wait for. */
export function openHubs(config: HubsConfig, options: { now?: () => number } = {}): Hubs {
  const { now = Date.now } = options
  const limiter = createRateLimiter({
    rules: civitaiRateRules(config.CIVITAI_BASE_URL, config.CIVITAI_REQUESTS_PER_MINUTE / 60, CIVITAI_BURST),
    patienceMs: HOLD_PATIENCE_MS,
  })
  const http = createHttpClient({ limiter })
  const civitai: ApiClientOptions = {
    http,
    baseUrl: config.CIVITAI_BASE_URL,
    token: tokenOf(config.CIVITAI_API_KEY),
    now,
  }
  const huggingface: ApiClientOptions = { http, baseUrl: config.HF_BASE_URL, token: tokenOf(config.HF_TOKEN), now }
  return {
    civitai,
    huggingface,
    sources: [civitaiSource(civitai), huggingFaceSource(huggingface)],
    close: () => http.close(),
  }
}

function tokenOf(reference: SecretReference | null): (() => Promise<string>) | null {
  if (reference === null) return null
  const source = secretSource(reference)
  return () => source.get()
}
