import { LOCAL_CLIPDROP_KEY } from '#local/clipdrop/account.ts'
import { type ClipDropStandIn, type ClipDropOptions as StandInOptions, startClipDrop } from '#local/clipdrop/server.ts'
import { createHttpClient, type HttpClient } from '#shared/http/client.ts'
import { createClipDropBackgroundProvider } from '../../../../../../services/image-worker/providers/clipdrop/clipdrop-background-provider.ts'
import type { ClipDropOptions } from '../../../../../../services/image-worker/providers/clipdrop/clipdrop-call.ts'
import { createClipDropUpscaleProvider } from '../../../../../../services/image-worker/providers/clipdrop/clipdrop-upscale-provider.ts'
import type { BackgroundProvider, UpscaleProvider } from '../../../../../../services/image-worker/providers/provider.ts'

export interface Harness {
  standIn: ClipDropStandIn
  http: HttpClient
  background: BackgroundProvider
  upscaler: UpscaleProvider
  close(): Promise<void>
}

/** The time of every test. */
export const NOW_MS = Date.parse('2026-05-01T12:00:00Z')

/** Both providers before a stand-in of their own. */
export async function startHarness(
  options: Partial<ClipDropOptions> = {},
  standInOptions: StandInOptions = {},
): Promise<Harness> {
  const standIn = await startClipDrop({ requestsPerMinute: null, ...standInOptions })
  const http = createHttpClient()
  const providerOptions: ClipDropOptions = {
    http,
    baseUrl: standIn.url,
    apiKey: () => LOCAL_CLIPDROP_KEY,
    now: () => NOW_MS,
    random: () => 0.5,
    ...options,
  }
  return {
    standIn,
    http,
    background: createClipDropBackgroundProvider(providerOptions),
    upscaler: createClipDropUpscaleProvider(providerOptions),
    async close() {
      http.close()
      await standIn.close()
    },
  }
}
