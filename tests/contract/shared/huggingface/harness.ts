import { type FileHost, startFileHost } from '#local/file-host/server.ts'
import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { RepoFileSpec } from '#local/huggingface/repo-file.ts'
import { type HuggingFaceStandIn, type HuggingFaceStandInOptions, startHuggingFace } from '#local/huggingface/server.ts'
import type { AppError } from '#shared/errors/app-error.ts'
import { createHttpClient, type HttpClient, type HttpRequest } from '#shared/http/client.ts'
import { createHuggingFaceClient, type HuggingFaceClient } from '#shared/huggingface/client.ts'

/** The stand-in, the storage behind it, and our client speaking to both. */
export interface HubWorld {
  hub: HuggingFaceStandIn
  host: FileHost
  http: HttpClient
  client: HuggingFaceClient
  /** What the client has handed to the HTTP client. */
  sent: HttpRequest[]
  /** Another client of the same Hub. */
  clientWith(token: string | null): HuggingFaceClient
  /** Fails where an injected fault has not fired. */
  close(): Promise<void>
}

export async function startHubWorld(
  options: Partial<HuggingFaceStandInOptions> & { token?: string | null; now?: () => number } = {},
): Promise<HubWorld> {
  const { token = LOCAL_HUGGINGFACE_TOKEN, now = Date.now, ...standIn } = options
  const host = await startFileHost({ now })
  const hub = await startHuggingFace({ fileHost: host, now, ...standIn })
  const http = createHttpClient({ now })
  const sent: HttpRequest[] = []
  const recording: HttpClient = {
    ...http,
    request(request) {
      sent.push(request)
      return http.request(request)
    },
  }
  const clientWith = (token: string | null): HuggingFaceClient =>
    createHuggingFaceClient({
      http: recording,
      baseUrl: hub.url,
      token: token === null ? null : () => token,
      timeouts: { headersMs: 2_000, stallMs: 300, totalMs: 3_000 },
      now,
      random: () => 0,
    })
  return {
    hub,
    host,
    http,
    client: clientWith(token),
    sent,
    clientWith,
    async close() {
      try {
        hub.assertAllFired()
      } finally {
        http.close()
        await hub.close()
        await host.close()
      }
    },
  }
}

export const weights = (path: string, sizeBytes = 2000): RepoFileSpec => ({
  path,
  content: { kind: 'safetensors', sizeBytes, seed: 1 },
})
export const text = (path: string, content = '{}'): RepoFileSpec => ({ path, content })

/** The failure of something that must fail. */
export async function failure(work: Promise<unknown>): Promise<AppError> {
  return await work.then(
    () => {
      throw new Error('did not fail')
    },
    (error) => error,
  )
}
