import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import { type CivitaiStandIn, type CivitaiStandInOptions, startCivitai } from '#local/civitai/server.ts'
import { type FileHost, startFileHost } from '#local/file-host/server.ts'
import { type CivitaiClient, createCivitaiClient } from '#shared/civitai/client.ts'
import type { AppError } from '#shared/errors/app-error.ts'
import type { ApiClientOptions } from '#shared/http/api-client-options.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'

/** The moment that everything here takes for now. */
export const NOW = Date.parse('2026-08-01T12:00:00Z')

/** The client, the stand-in and the file host behind it, on real sockets. */
export interface CivitaiWorld {
  client: CivitaiClient
  /** Another client of the same stand-in. */
  clientWith(options: Partial<ApiClientOptions>): CivitaiClient
  http: HttpClient
  standIn: CivitaiStandIn
  fileHost: FileHost
  /** Throws if an injected fault never fired. */
  close(): Promise<void>
}

export async function openCivitaiWorld(options: Partial<CivitaiStandInOptions> = {}): Promise<CivitaiWorld> {
  const fileHost = await startFileHost({ now: () => NOW })
  const standIn = await startCivitai({ fileHost, now: () => NOW, ...options })
  const http = createHttpClient()
  const clientWith = (more: Partial<ApiClientOptions>): CivitaiClient =>
    createCivitaiClient({
      http,
      baseUrl: standIn.url,
      token: () => LOCAL_CIVITAI_TOKEN,
      now: () => NOW,
      random: () => 0.5,
      ...more,
    })
  return {
    client: clientWith({}),
    clientWith,
    http,
    standIn,
    fileHost,
    async close() {
      http.close()
      await standIn.close()
      await fileHost.close()
      standIn.assertAllFired()
    },
  }
}

/** What the work fails with. */
export async function failure(work: Promise<unknown>): Promise<AppError> {
  return await work.then(
    () => {
      throw new Error('did not fail')
    },
    (error) => error,
  )
}
