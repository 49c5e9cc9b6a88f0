import { z } from 'zod'
import type { RecordedCloud } from './recorded-cloud.ts'
import { recordedApi } from './run-training.ts'

const answer = z.object({ url: z.string(), size_bytes: z.number() })

/** A synced model by the URL that the API gives for it, as `curl` would fetch it. */
export async function runDownload(recorded: RecordedCloud, modelId: string, signal: AbortSignal): Promise<void> {
  const api = recordedApi(recorded)
  try {
    const { url, size_bytes: sizeBytes } = await api.post(
      `/api/registry/models/${modelId}/download-url`,
      {},
      answer,
      signal,
    )
    const download = await fetch(url, { headers: { range: 'bytes=0-99' }, signal })
    const total = download.headers.get('content-range')
    await download.body?.cancel()
    if (download.status !== 206 || !total?.endsWith(`/${sizeBytes}`)) {
      throw new Error(`The download URL answered ${download.status}, ${total} of ${sizeBytes} bytes.`)
    }
  } finally {
    api.close()
  }
}
