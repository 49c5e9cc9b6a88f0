import { TransientError } from '#shared/errors/app-error.ts'
import type { BackoffPolicy } from '#shared/retry/backoff.ts'
import { isRetryable, retry } from '#shared/retry/retry.ts'
import type { CopyClock } from './copy-state.ts'
import type { FileSource, SourceAnswer } from './file-source.ts'
import { checkIsFile } from './not-a-file.ts'
import type { PartStore, StoredPart } from './part-store.ts'
import { emptyFile, NoRangesError, SourceChangedError, SourceDeniedError, truncated } from './transfer-error.ts'
import type { TransferLayout } from './transfer-plan.ts'

/** What a file is judged by, unless it is smaller. */
const HEAD_BYTES = 64 * 1024
const MAX_DENIALS = 2
const MAX_WHOLES = 3
/** A longer wait is the job's: it is woken then. */
const MAX_WAIT_MS = 30_000

/** An answer that begins at the first byte, and what was read off it. */
export interface OpenedStart {
  answer: SourceAnswer
  head: Buffer
}

/**
 * Opens the file at its first byte and reads its beginning, which must be that of a file. `layout` is null where nothing is
 * known of the file: then a refusal is final, for there was never anything to be had.
 * @throws `transfer.not-a-file`, `transfer.empty`, what `FileSource.open` throws.
 */
export async function openStart(params: {
  source: FileSource
  layout: TransferLayout | null
  path: string
  policy: BackoffPolicy
  clock: CopyClock
  signal: AbortSignal
}): Promise<OpenedStart> {
  const { source, layout, path, policy, clock, signal } = params
  const open = async (): Promise<OpenedStart> => {
    const answer = await source.open({ first: 0, last: null }, layout, signal)
    try {
      const head = await readHead(answer)
      checkIsFile({ head, contentType: answer.contentType, path, host: answer.host })
      return { answer, head }
    } catch (error) {
      answer.close()
      throw error
    }
  }
  let denials = 0
  let wholes = 0
  const shouldRetry = (error: unknown): boolean => {
    // Each try has had a fresh location already, and those are counted by some sources.
    if (error instanceof SourceDeniedError && ++denials >= MAX_DENIALS) return false
    // A cache that does not have the file yet may send all of it once.
    if (error instanceof NoRangesError && ++wholes >= MAX_WHOLES) return false
    if (error instanceof SourceChangedError) return false
    const retryAt = error instanceof TransientError ? error.retryAt : null
    return isRetryable(error) && (retryAt === null || retryAt.getTime() - clock.now() <= MAX_WAIT_MS)
  }
  try {
    return await retry(open, { policy, signal, shouldRetry, ...clock })
  } catch (error) {
    throw error instanceof SourceDeniedError && layout === null ? error.asFinal() : error
  }
}

async function readHead(answer: SourceAnswer): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  while (sizeBytes < HEAD_BYTES) {
    const next = await answer.body.next()
    if (next.done === true) break
    chunks.push(next.value)
    sizeBytes += next.value.byteLength
  }
  if (sizeBytes === 0) throw emptyFile()
  if (sizeBytes < Math.min(HEAD_BYTES, answer.lengthBytes ?? 0)) throw truncated(answer.host, { offset: sizeBytes })
  return Buffer.concat(chunks)
}

/** The beginning of a file whose first part is in the bucket already. */
export async function readStoredHead(parts: PartStore, first: StoredPart, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  const last = Math.min(HEAD_BYTES, first.sizeBytes) - 1
  for await (const chunk of parts.read(first, signal, { first: 0, last })) chunks.push(chunk)
  return Buffer.concat(chunks)
}
