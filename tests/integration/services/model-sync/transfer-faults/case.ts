import type { FileSpec } from '#local/civitai/catalogue.ts'
import type { FileHostFault } from '#local/file-host/faults.ts'
import type { Shape } from '#local/file-host/lanes.ts'
import type { FileHost, HostedFile } from '#local/file-host/server.ts'

/** Where a file is asked for. */
export type Source = 'civitai' | 'huggingface' | 'url'

/** One fault of the storage behind a source, and what becomes of the sync that meets it. */
export interface TransferCase {
  name: string
  /** Default CivitAI. */
  source?: Source
  /** Default 700,000: three parts. */
  sizeBytes?: number
  /** How the host behaves from the start. */
  shape?: Shape
  /** Met by the first request that each can harm, or by one that comes when so many bytes have left. */
  faults: { fault: FileHostFault; afterBytes?: number }[]
  /** The faults are met each time and not once. */
  isLasting?: boolean
  /** What CivitAI tells of the file where that is not the truth. */
  told?: FileSpec['told']
  /** Hugging Face lists another SHA-256. */
  isListedWrong?: boolean
  /** `synced`: the exact bytes, published once. Else the code that people see. */
  outcome: string
  /** What else has to be so, first of all that a shape of the host was felt. */
  proof?(seen: Seen): void
}

/** What a case can look at afterwards. */
export interface Seen {
  host: FileHost
  file: HostedFile
  /** How often the hub was asked where the file is. */
  locations: number
}

/** One connection would take four seconds: long enough for a second one to be tried, also by a machine that is busy. */
export const slowLanes = { sizeBytes: 2_800_000, shape: { bytesPerSecondPerConnection: 700_000 } }

/** The most answers that were under way at once. */
export function mostLanes({ host }: Seen): number {
  return Math.max(...host.requests.map(({ lanes }) => lanes))
}

/** Bytes that were sent more than once. */
export function bytesAgain({ host, file }: Seen): number {
  return host.bytesSent - file.sizeBytes
}
