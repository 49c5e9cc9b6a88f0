import { pipeline } from 'node:stream/promises'
import type { CopyOrder } from './run-copy.ts'

/**
 * One stream from `fetch` into the Storage client's resumable upload. Without the client's CRC32C, which is computed in
 * JavaScript and would be all that is measured.
 */
export async function pipeToBucket({ url, target }: CopyOrder): Promise<void> {
  const response = await fetch(url)
  if (!response.ok || response.body === null) throw new Error(`The source answered ${response.status}.`)
  await pipeline(response.body, target.createWriteStream({ resumable: true, validation: false }))
}
