import type { Firestore } from '@google-cloud/firestore'
import sharp from 'sharp'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { createClamdScanner } from '#shared/malware/clamd-scanner.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { resultUrlRule } from '#shared/objects/result-objects.ts'
import type { ImageWorkerInit } from './app.ts'
import type { ImageWork } from './image-job.ts'
import { createProviders } from './providers/create-providers.ts'
import { runImageJob } from './run-image-job.ts'

/** All that works on pixels: sharp and the providers that the configuration names. */
export function openImageWork(init: ImageWorkerInit, clients: { db: Firestore; store: ObjectStore }): ImageWork {
  const { config } = init
  // No picture is seen twice: libvips' cache of operations would only hold on to memory.
  sharp.cache(false)
  const web = createHttpClient({ guard: createAddressGuard({ allowHosts: config.FETCH_ALLOW_HOSTS }) })
  const providers = createProviders({ config, workerFile: init.workerFile, store: clients.store })
  init.onShutdown('outgoing connections', () => web.close())
  init.onShutdown('providers', () => providers.close())
  const deps = {
    ...clients,
    web,
    bucket: config.STORAGE_BUCKET,
    workBucket: config.WORK_BUCKET,
    resultUrl: resultUrlRule(config),
    maxBytes: config.MAX_UPLOAD_BYTES,
    limits: { maxPixels: config.MAX_INPUT_PIXELS, maxSide: config.UPSCALE_MAX_SIDE },
    upscale: { factor: config.UPSCALE_FACTOR, maxSide: config.UPSCALE_MAX_SIDE },
    backgroundProviders: providers.background,
    upscaleProviders: providers.upscale,
    scanner: config.CLAMD_HOST && createClamdScanner({ ...config.CLAMD_HOST, timeoutMs: config.CLAMD_TIMEOUT_MS }),
    trimMarginShare: config.SHOWCASE_TRIM ? config.SHOWCASE_TRIM_MARGIN / 100 : null,
    variants: { formats: config.SHOWCASE_VARIANTS, thumbnailWidths: config.SHOWCASE_THUMBNAILS },
  }
  return (run) => runImageJob(deps, run)
}
