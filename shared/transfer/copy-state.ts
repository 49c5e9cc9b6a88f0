import type { BackoffPolicy } from '#shared/retry/backoff.ts'
import type { Sleep } from '#shared/retry/sleep.ts'
import type { FileSource } from './file-source.ts'
import type { OrderedHash } from './ordered-hash.ts'
import type { PartStore } from './part-store.ts'
import { SourceReader, type SourceReaderInit } from './source-reader.ts'
import type { BufferSweep } from './sweep-buffers.ts'
import type { TransferLayout } from './transfer-plan.ts'
import type { ByteCount } from './transfer-progress.ts'

/** What all who work on one copy share. */
export interface CopyState {
  layout: TransferLayout
  readonly source: FileSource
  readonly parts: PartStore
  readonly hash: OrderedHash
  readonly bytes: ByteCount
  readonly sweep: BufferSweep
  readonly maxBytes: number
  readonly policy: BackoffPolicy
  readonly clock: CopyClock
}

export interface CopyClock {
  now: () => number
  sleep: Sleep
  random: () => number
}

export function createReader(
  state: CopyState,
  run: Pick<SourceReaderInit, 'first' | 'last' | 'signal'> & { opened?: SourceReaderInit['opened'] },
): SourceReader {
  const { source, policy, clock } = state
  const { sleep, random } = clock
  return new SourceReader({ source, layout: () => state.layout, policy, sleep, random, opened: null, ...run })
}
