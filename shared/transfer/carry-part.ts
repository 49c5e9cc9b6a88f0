import { Crc32c } from '#shared/objects/crc32c.ts'
import type { CopyState } from './copy-state.ts'
import type { PassedBytes, StoredPart } from './part-store.ts'
import type { SourceReader } from './source-reader.ts'
import { tooLarge, truncated } from './transfer-error.ts'
import { partRange } from './transfer-plan.ts'

/** A part on its way. */
export interface CarriedPart {
  /** All its bytes have been handed to the bucket, which has yet to say that it has them. */
  passed: Promise<void>
  stored: Promise<StoredPart>
  /** Whether the reader stands at the part's end, so that the next part may follow. */
  isComplete(): boolean
}

/**
 * Lets the next part's bytes pass from the reader into the bucket: counted, summed, and hashed if it is their turn. The
 * commit at the end takes a while; whoever wants may begin the next part as soon as this one has `passed`.
 */
export function carryPart(params: {
  state: CopyState
  index: number
  reader: SourceReader
  signal: AbortSignal
}): CarriedPart {
  const { state, index, reader, signal } = params
  const { layout, hash, bytes, sweep, maxBytes } = state
  const { first, sizeBytes: limitBytes } = partRange(layout, index)
  const isLengthKnown = layout.sizeBytes !== null
  const tap = hash.tap(index)
  const checksum = new Crc32c()
  const passed: PassedBytes = { sizeBytes: 0, isComplete: false, crc32c: () => checksum.toString() }
  const allPassed = Promise.withResolvers<void>()

  async function* chunks(): AsyncGenerator<Buffer> {
    while (passed.sizeBytes < limitBytes) {
      const chunk = await reader.next(limitBytes - passed.sizeBytes)
      if (chunk === null) {
        if (isLengthKnown) throw truncated('The source', { index, passedBytes: passed.sizeBytes })
        break
      }
      checksum.update(chunk)
      tap?.update(chunk)
      passed.sizeBytes += chunk.byteLength
      bytes.received(index, chunk.byteLength)
      sweep.passed(chunk.byteLength)
      if (first + passed.sizeBytes > maxBytes) throw tooLarge(first + passed.sizeBytes, maxBytes)
      yield chunk
    }
    passed.isComplete = true
    tap?.end({ sizeBytes: passed.sizeBytes, crc32c: checksum.toString() })
    allPassed.resolve()
  }

  async function store(): Promise<StoredPart> {
    try {
      const sizeBytes = isLengthKnown ? limitBytes : null
      const part = await state.parts.write({ index, chunks: chunks(), sizeBytes, passed, signal })
      bytes.stored(index, part.sizeBytes)
      hash.stored(part)
      return part
    } catch (error) {
      bytes.lost(index)
      throw error
    } finally {
      tap?.cancel()
    }
  }

  const stored = store()
  return {
    stored,
    passed: Promise.race([allPassed.promise, stored.then(() => {})]),
    isComplete: () => passed.isComplete,
  }
}
