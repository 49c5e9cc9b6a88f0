import type { Config } from '#shared/config/environment.ts'
import { createHttpClient } from '#shared/http/client.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { secretSource } from '#shared/secrets/secret-source.ts'
import { createClipDropBackgroundProvider } from './clipdrop/clipdrop-background-provider.ts'
import type { ClipDropOptions } from './clipdrop/clipdrop-call.ts'
import { CLIPDROP_RATE } from './clipdrop/clipdrop-limits.ts'
import { createClipDropUpscaleProvider } from './clipdrop/clipdrop-upscale-provider.ts'
import { createLocalBackgroundProvider } from './local/local-background-provider.ts'
import { createLocalUpscaleProvider } from './local/local-upscale-provider.ts'
import { createOnnxBackgroundProvider } from './onnx/onnx-background-provider.ts'
import type { BackgroundProvider, UpscaleProvider } from './provider.ts'
import { keepToRate } from './provider-rate.ts'
import { openReplicate, type ReplicateConfig } from './replicate/open-replicate.ts'

type ProviderConfig = ReplicateConfig &
  Pick<
    Config<'image-worker'>,
    | 'BACKGROUND_PROVIDERS'
    | 'UPSCALE_PROVIDERS'
    | 'CLIPDROP_API_KEY'
    | 'CLIPDROP_BASE_URL'
    | 'CLIPDROP_TIMEOUT_MS'
    | 'BACKGROUND_MODEL'
    | 'BACKGROUND_MODEL_SIZE'
    | 'BACKGROUND_MODEL_MEAN'
    | 'BACKGROUND_MODEL_STD'
  >

export interface Providers {
  background: BackgroundProvider[]
  upscale: UpscaleProvider[]
  close(): Promise<void>
}

/** The providers that the environment names, in its order; what they hold open ends with `close`. */
export function createProviders(params: {
  config: ProviderConfig
  workerFile: URL | string
  store: ObjectStore
}): Providers {
  const { config } = params
  const http = createHttpClient(keepToRate(config.CLIPDROP_BASE_URL, CLIPDROP_RATE))
  const clipdrop = clipdropOptions(config, http)
  const replicate = openReplicate(config)
  const local = createLocalBackgroundProvider({ workerFile: params.workerFile })
  const onnx = createOnnxBackgroundProvider({
    // The configuration refuses onnx without a model, so an empty path is never opened.
    model: config.BACKGROUND_MODEL ?? '',
    options: {
      mean: config.BACKGROUND_MODEL_MEAN,
      std: config.BACKGROUND_MODEL_STD,
      size: config.BACKGROUND_MODEL_SIZE,
    },
    store: params.store,
  })
  const backgroundBy = {
    clipdrop: () => createClipDropBackgroundProvider(clipdrop),
    replicate: replicate.background,
    onnx: () => onnx,
    local: () => local,
  }
  const upscaleBy = {
    clipdrop: () => createClipDropUpscaleProvider(clipdrop),
    replicate: replicate.upscale,
    local: createLocalUpscaleProvider,
  }
  return {
    background: config.BACKGROUND_PROVIDERS.map((name) => backgroundBy[name]()),
    upscale: config.UPSCALE_PROVIDERS.map((name) => upscaleBy[name]()),
    async close() {
      http.close()
      replicate.close()
      await Promise.all([local.close(), onnx.close()])
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
