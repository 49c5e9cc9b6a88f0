import type { RunContext } from './create-run.ts'
import { isLoopback } from './webhook-order.ts'

/** Replicate's own files are not larger, and photos are made smaller. */
const MAX_DATASET_BYTES = 512 * 1024 * 1024
const ZIP_MAGIC = Buffer.from('PK\x03\x04')

/**
 * The photos of a training, fetched when it starts, as the trainer's machine does; of the web it knows the account's own
 * files and what runs beside it. Throws what the training then says as its error: also for what is no zip, which no
 * creation refuses (contract §4).
 */
export async function readDataset(context: RunContext, url: string): Promise<Buffer> {
  const bytes = await download(context, url)
  if (!bytes.subarray(0, ZIP_MAGIC.byteLength).equals(ZIP_MAGIC)) throw new Error('Input images must be a zip file')
  return bytes
}

async function download(context: RunContext, url: string): Promise<Buffer> {
  const own = url.startsWith(`${context.origin()}/v1/files/`) ? (url.split('/').at(-1) ?? '') : null
  const file = own === null ? null : context.uploads.read(own)
  if (file !== null) return file.bytes
  // Without the query, in which the signature is.
  const failed = (why: unknown): Error => new Error(`Failed to download ${url.split('?')[0]}: ${why}`)
  if (own !== null || !isLoopback(url)) throw failed('404 Not Found')
  const response = await fetch(url, { signal: context.stopped })
  if (!response.ok) throw failed(`${response.status} ${response.statusText}`)
  if (Number(response.headers.get('content-length')) > MAX_DATASET_BYTES) throw failed('it is too large')
  return Buffer.from(await response.arrayBuffer())
}
