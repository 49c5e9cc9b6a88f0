import type { ApiClientOptions } from '../http/api-client-options.ts'
import type { RateRule } from '../http/rate-limiter.ts'
import { callApi } from './call-api.ts'
import { checkId } from './check-id.ts'
import { type CivitaiDownload, findDownloadLocation } from './download-location.ts'
import { type CivitaiModel, modelSchema } from './model.ts'
import { type CivitaiVersion, versionSchema } from './version.ts'

/** CivitAI's REST API v1 as far as we use it. Every call is one request and throws `civitai.…` errors. */
export interface CivitaiClient {
  model(id: string, signal?: AbortSignal): Promise<CivitaiModel>
  version(id: string, signal?: AbortSignal): Promise<CivitaiVersion>
  /** The signed URL of a file. Each one that is handed out counts against the account's 24 hours (contract §5). */
  downloadLocation(download: CivitaiDownload, signal?: AbortSignal): Promise<URL>
}

/** Makes a client for one host and one account; the limiter of its HTTP client should know `civitaiRateRules`. */
export function createCivitaiClient(options: ApiClientOptions): CivitaiClient {
  return {
    async model(id, signal) {
      const path = `/api/v1/models/${checkId(id, 'model')}`
      return await callApi(options, { path, subject: `model ${id}`, signal }, modelSchema)
    },
    async version(id, signal) {
      const path = `/api/v1/model-versions/${checkId(id, 'model version')}`
      return await callApi(options, { path, subject: `model version ${id}`, signal }, versionSchema)
    },
    async downloadLocation({ versionId, fileId }, signal) {
      const download = {
        versionId: checkId(versionId, 'model version'),
        fileId: fileId === null ? null : checkId(fileId, 'file'),
      }
      return await findDownloadLocation(options, download, signal)
    },
  }
}

/**
 * For the HTTP client's limiter. CivitAI publishes no rate (contract §7); a sync needs two or three requests before its copy,
 * and can wait for them. `burst`: so many at once after a rest, where people wait.
 */
export function civitaiRateRules(baseUrl: string, requestsPerSecond = 1, burst = 1): Record<string, RateRule> {
  return { [new URL(baseUrl).host]: { perSecond: requestsPerSecond, burst } }
}
