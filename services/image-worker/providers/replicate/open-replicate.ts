import type { Config } from '#shared/config/environment.ts'
import { createAddressGuard, portOf } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { createReplicateClient, REPLICATE_RATE } from '#shared/replicate/client.ts'
import { secretSource } from '#shared/secrets/secret-source.ts'
import type { BackgroundProvider, UpscaleProvider } from '../provider.ts'
import { keepToRate } from '../provider-rate.ts'
import { modelSettings } from './model-settings.ts'
import { createReplicateBackgroundProvider } from './replicate-background-provider.ts'
import { createReplicateUpscaleProvider } from './replicate-upscale-provider.ts'

export type ReplicateConfig = Pick<
  Config<'image-worker'>,
  | 'REPLICATE_API_TOKEN'
  | 'REPLICATE_BASE_URL'
  | 'REPLICATE_BACKGROUND_MODEL'
  | 'REPLICATE_BACKGROUND_INPUT'
  | 'REPLICATE_BACKGROUND_OUTPUT'
  | 'REPLICATE_BACKGROUND_MAX_PIXELS'
  | 'REPLICATE_UPSCALE_MODEL'
  | 'REPLICATE_UPSCALE_INPUT'
  | 'REPLICATE_UPSCALE_OUTPUT'
  | 'REPLICATE_UPSCALE_MAX_PIXELS'
>

/** Replicate's providers on one client. Making one throws a `ConfigError` where its model is not described. */
export interface Replicate {
  background(): BackgroundProvider
  upscale(): UpscaleProvider
  close(): void
}

/** Replicate as the environment describes it. Nothing is sent before a provider is asked. */
export function openReplicate(config: ReplicateConfig): Replicate {
  const base = new URL(config.REPLICATE_BASE_URL)
  const http = createHttpClient({
    // A model's author writes where its output lies. The base itself is the operator's word, and may be a stand-in's.
    guard: createAddressGuard({ allowHosts: [`${base.hostname}:${portOf(base)}`] }),
    ...keepToRate(config.REPLICATE_BASE_URL, REPLICATE_RATE),
  })
  const token = config.REPLICATE_API_TOKEN
  // The configuration refuses Replicate without a token, so an empty one is never sent.
  const source = token ? secretSource(token) : null
  const client = createReplicateClient({
    http,
    baseUrl: config.REPLICATE_BASE_URL,
    apiToken: async () => (await source?.get()) ?? '',
  })
  return {
    background: () =>
      createReplicateBackgroundProvider({
        client,
        model: modelSettings({
          step: 'BACKGROUND',
          model: config.REPLICATE_BACKGROUND_MODEL,
          input: config.REPLICATE_BACKGROUND_INPUT,
          output: config.REPLICATE_BACKGROUND_OUTPUT,
          maxPixels: config.REPLICATE_BACKGROUND_MAX_PIXELS,
        }),
      }),
    upscale: () =>
      createReplicateUpscaleProvider({
        client,
        model: modelSettings({
          step: 'UPSCALE',
          model: config.REPLICATE_UPSCALE_MODEL,
          input: config.REPLICATE_UPSCALE_INPUT,
          output: config.REPLICATE_UPSCALE_OUTPUT,
          maxPixels: config.REPLICATE_UPSCALE_MAX_PIXELS,
        }),
      }),
    close: () => http.close(),
  }
}
