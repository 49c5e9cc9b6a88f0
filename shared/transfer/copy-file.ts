import type { HttpClient } from '#shared/http/client.ts'
import type { BackoffPolicy } from '#shared/retry/backoff.ts'
import type { CopyClock } from './copy-state.ts'
import { FileCopy } from './file-copy.ts'
import type { PartStore, StoredPart } from './part-store.ts'
import type { LocateFile, SourceFile } from './source-file.ts'
import type { TransferPlan } from './transfer-plan.ts'
import type { TransferProgress } from './transfer-progress.ts'

export interface CopyOptions {
  /** `transfer.too-large` beyond it, before anything is copied where the size is stated. */
  maxBytes: number
  minPartBytes?: number
  maxLanes?: number
  /** The longest silence of a connection while bytes are owed. */
  stallMs?: number
  /** How lanes are measured; see `LaneController`. */
  lanes?: { windowMs: number; settleMs: number; holdMs: number }
  policy?: BackoffPolicy
}

export interface CopyParams {
  file: SourceFile
  locate: LocateFile
  /** With a guard, where URLs come from people. */
  web: HttpClient
  parts: PartStore
  /** What an earlier claim stored; null for a new copy. */
  plan: TransferPlan | null
  /** Makes the plan durable; awaited before the first part is written and whenever the plan changes. */
  storePlan(plan: TransferPlan): Promise<void>
  options: CopyOptions
  /**
   * Judges the file by its beginning (64 KiB, or all of a smaller one) before anything more is fetched, in every claim.
   * @throws whatever shall end the copy.
   */
  checkStart(head: Buffer, sizeBytes: number | null): void
  onProgress(progress: TransferProgress): void
  /** Ends the copy at once; parts under way are cut and leave nothing. Its reason is thrown. */
  signal: AbortSignal
  clock?: Partial<CopyClock>
}

export type { TransferProgress } from './transfer-progress.ts'

/** A complete copy whose hash is known: parts that only need to be put together. */
export interface VerifiedParts {
  sizeBytes: number
  /** Lower-case hex. */
  sha256: string
  /** Of the whole, base64. */
  crc32c: string
  etag: string | null
  parts: StoredPart[]
  head: Buffer
}

/**
 * Copies a file from its source into part objects, over as many connections as the source serves best, without a disk and
 * within a memory that does not depend on the file. What an earlier claim stored is not fetched again. Ends when every byte
 * lies in the bucket and the hash of the whole is the one that the source stated.
 * @throws FinalError `transfer.not-a-file`, `.empty`, `.too-large`, `.length-unknown`, `.denied`, `.not-found`, and at the
 *   second time `.hash-mismatch`, `.size-mismatch`; TransientError otherwise (parts that are done are kept, except after a
 *   mismatch and `.source-changed`); what `locate` and `checkStart` throw; the signal's reason.
 */
export async function copyFile(params: CopyParams): Promise<VerifiedParts> {
  return await new FileCopy(params).run()
}
