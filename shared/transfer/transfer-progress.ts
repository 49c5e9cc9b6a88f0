import type { Sleep } from '#shared/retry/sleep.ts'

/** How far a copy has come. */
export interface TransferProgress {
  doneBytes: number
  /** Null where the source does not say. */
  sizeBytes: number | null
  bytesPerSecond: number
  /** Null where it can't be told. */
  etaSeconds: number | null
  lanes: number
  phase: 'copying' | 'verifying'
}

/** Half of what is known of the speed is older than this. */
const HALF_LIFE_MS = 2_000

/** The speed of something that counts up, smoothed. */
class SpeedMeter {
  #last: { atMs: number; bytes: number } | null = null
  #bytesPerMs: number | null = null

  /** @returns bytes per second. */
  observe(nowMs: number, bytes: number): number {
    const last = this.#last
    this.#last = { atMs: nowMs, bytes }
    if (last === null || nowMs <= last.atMs) return this.#rounded()
    const elapsedMs = nowMs - last.atMs
    const rate = (bytes - last.bytes) / elapsedMs
    const weight = 0.5 ** (elapsedMs / HALF_LIFE_MS)
    this.#bytesPerMs = this.#bytesPerMs === null ? rate : this.#bytesPerMs * weight + rate * (1 - weight)
    return this.#rounded()
  }

  #rounded(): number {
    return Math.round((this.#bytesPerMs ?? 0) * 1000)
  }
}

/** Bytes of a copy, as they come and as some of them are lost again. */
export class ByteCount {
  /** Everything that ever came. */
  receivedBytes = 0
  /** What lies in the bucket. */
  storedBytes = 0
  readonly #passing = new Map<number, number>()

  received(index: number, bytes: number): void {
    this.receivedBytes += bytes
    this.#passing.set(index, (this.#passing.get(index) ?? 0) + bytes)
  }

  stored(index: number, sizeBytes: number): void {
    this.#passing.delete(index)
    this.storedBytes += sizeBytes
  }

  lost(index: number): void {
    this.#passing.delete(index)
  }

  get doneBytes(): number {
    let done = this.storedBytes
    for (const bytes of this.#passing.values()) done += bytes
    return done
  }
}

const PROGRESS_MS = 250

/** Tells progress a few times a second until the copy is over. */
export async function tellProgress(params: {
  bytes: ByteCount
  sizeBytes: () => number | null
  phase: () => TransferProgress['phase']
  lanes: () => number
  onProgress(progress: TransferProgress): void
  clock: { now: () => number; sleep: Sleep }
  over: AbortSignal
}): Promise<void> {
  const { bytes, onProgress, clock, over } = params
  const meter = new SpeedMeter()
  while (!over.aborted) {
    const { receivedBytes } = bytes
    const sizeBytes = params.sizeBytes()
    // A part that is being fetched again may count twice for a moment.
    const doneBytes = Math.min(bytes.doneBytes, sizeBytes ?? bytes.doneBytes)
    const phase = params.phase()
    const bytesPerSecond = meter.observe(clock.now(), receivedBytes)
    const isMoving = phase === 'copying' && sizeBytes !== null && bytesPerSecond > 0
    const etaSeconds = isMoving ? Math.ceil((sizeBytes - doneBytes) / bytesPerSecond) : null
    const lanes = phase === 'verifying' ? 0 : params.lanes()
    onProgress({ doneBytes, sizeBytes, bytesPerSecond, etaSeconds, lanes, phase })
    await clock.sleep(PROGRESS_MS, over).catch(() => {})
  }
}
