import type { Config } from '#shared/config/environment.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { secretSource } from '#shared/secrets/secret-source.ts'
import { createClipDropBackgroundProvider } from './clipdrop/clipdrop-background-provider.ts'
import type { ClipDropOptions } from './clipdrop/clipdrop-call.ts'
import { createClipDropUpscaleProvider } from './clipdrop/clipdrop-upscale-provider.ts'
import { createLocalBackgroundProvider } from './local/local-background-provider.ts'
import { createLocalUpscaleProvider } from './local/local-upscale-provider.ts'
import type { BackgroundProvider, UpscaleProvider } from './provider.ts'

type ProviderConfig = Pick<
  Config<'image-worker'>,
  'BACKGROUND_PROVIDERS' | 'UPSCALE_PROVIDERS' | 'CLIPDROP_API_KEY' | 'CLIPDROP_BASE_URL' | 'CLIPDROP_TIMEOUT_MS'
>

export interface Providers {
  background: BackgroundProvider[]
  upscale: UpscaleProvider[]
  close(): Promise<void>
}

/** The providers that the environment names, in its order; what they hold open ends with `close`. */
export function createProviders(params: { config: ProviderConfig; workerFile: URL | string }): Providers {
  const { config } = params
  const http = createHttpClient()
  const clipdrop = clipdropOptions(config, http)
  const local = createLocalBackgroundProvider({ workerFile: params.workerFile })
  const backgroundBy = { clipdrop: () => createClipDropBackgroundProvider(clipdrop), local: () => local }
  const upscaleBy = { clipdrop: () => createClipDropUpscaleProvider(clipdrop), local: createLocalUpscaleProvider }
  return {
    background: config.BACKGROUND_PROVIDERS.map((name) => backgroundBy[name]()),
    upscale: config.UPSCALE_PROVIDERS.map((name) => upscaleBy[name]()),
    async close() {
      http.close()
      await local.close()
    },
  }
}

function clipdropOptions(config: ProviderConfig, http: ClipDropOptions['http']): ClipDropOptions {
  const key = config.CLIPDROP_API_KEY
  // The configuration refuses ClipDrop without a key, so an empty one is never sent.
  const source = key ? secretSource(key) : null
  return {
    http,
    baseUrl: config.CLIPDROP_BASE_URL,
    apiKey: async () => (await source?.get()) ?? '',
    timeouts: { headersMs: config.CLIPDROP_TIMEOUT_MS },
  }
}
