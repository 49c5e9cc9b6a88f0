import { AppError, TransientError } from '#shared/errors/app-error.ts'
import { Crc32c } from '#shared/objects/crc32c.ts'
import { backoffDelay } from '#shared/retry/backoff.ts'
import { carryPart } from './carry-part.ts'
import { type CopyState, createReader } from './copy-state.ts'
import type { StoredPart } from './part-store.ts'
import type { SourceReader } from './source-reader.ts'
import { SourceChangedError } from './transfer-error.ts'

/** From the first byte each time: more tries would only load the source. */
const MAX_FAILURES = 4

export interface CopyInOrderParams {
  state: CopyState
  /** Parts that exist; added to as they are stored. */
  stored: Map<number, StoredPart>
  /** A reader that stands at the first byte. */
  opened: SourceReader | null
  signal: AbortSignal
}

/**
 * Copies a file whose source sends no ranges: one stream from its first byte, cut into parts as it comes. Parts that exist
 * already are compared with what passes instead of being stored again. @returns the file's size.
 */
export async function copyInOrder(params: CopyInOrderParams): Promise<number> {
  const { state, stored, signal } = params
  const { clock, policy } = state
  let reader = params.opened
  for (let failures = 0; ; ) {
    const storedBefore = stored.size
    reader ??= createReader(state, { first: 0, last: null, signal })
    try {
      await reader.open()
      return await copyOnce(params, reader)
    } catch (error) {
      signal.throwIfAborted()
      if (stored.size > storedBefore) failures = 0
      failures++
      const isPassing = error instanceof AppError && error.retryable && !(error instanceof SourceChangedError)
      const retryAt = error instanceof TransientError ? error.retryAt : null
      if (!isPassing || retryAt !== null || failures >= MAX_FAILURES) throw error
      await clock.sleep(backoffDelay(policy, failures, clock.random), signal)
    } finally {
      reader.close()
      reader = null
    }
  }
}

async function copyOnce(params: CopyInOrderParams, reader: SourceReader): Promise<number> {
  const { state, stored, signal } = params
  let commit: Promise<void> = Promise.resolve()
  let sizeBytes = 0
  try {
    let index = 0
    for (; !(await reader.isAtEnd()); index++) {
      const existing = stored.get(index)
      if (existing !== undefined) {
        await compare(state, existing, reader)
        sizeBytes += existing.sizeBytes
        continue
      }
      const carried = carryPart({ state, index, reader, signal })
      const before = commit
      commit = carried.stored.then((part) => {
        sizeBytes += part.sizeBytes
        stored.set(part.index, part)
      })
      commit.catch(() => {})
      await carried.passed
      await before
      // The bucket had the part already and took no more of it: the reader stands in its middle.
      if (!carried.isComplete()) throw partWasThere(index)
    }
    await commit
    if (stored.size !== index) throw new SourceChangedError({ parts: index, storedParts: stored.size })
    return sizeBytes
  } finally {
    await Promise.allSettled([commit])
  }
}

/** Lets a part pass that is stored already, hashed if it is its turn. */
async function compare(state: CopyState, part: StoredPart, reader: SourceReader): Promise<void> {
  const tap = state.hash.tap(part.index)
  const checksum = new Crc32c()
  try {
    let passedBytes = 0
    while (passedBytes < part.sizeBytes) {
      const chunk = await reader.next(part.sizeBytes - passedBytes)
      if (chunk === null) throw new SourceChangedError({ index: part.index, passedBytes })
      checksum.update(chunk)
      tap?.update(chunk)
      passedBytes += chunk.byteLength
      state.bytes.receivedBytes += chunk.byteLength
      state.sweep.passed(chunk.byteLength)
    }
    if (checksum.toString() !== part.crc32c) throw new SourceChangedError({ index: part.index })
    tap?.end({ sizeBytes: passedBytes, crc32c: part.crc32c })
  } finally {
    tap?.cancel()
  }
}

function partWasThere(index: number): TransientError {
  const message = 'A part had been stored by somebody else; the copy goes on from there.'
  return new TransientError({ code: 'transfer.part-was-there', message, facts: { index } })
}
