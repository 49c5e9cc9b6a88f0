import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Node gives each chunk of a socket a buffer of its own outside the heap. V8 sees little garbage and lets megabytes of dead
 * buffers pile up until their sum frightens it into a full collection, seventy times a gibibyte, which costs more than the
 * hashing. Sweeping the young generation while the buffers are still in it takes under a millisecond.
 */
const SWEEP_BYTES = 4 * 1024 * 1024

/**
 * Buffers that lived through two sweeps, as some do with many lanes, go only with a full collection. Up to half of this is what
 * the next sweep will take anyway: each chunk is copied once on its way through Node's parser.
 */
const MAX_BUFFER_BYTES = 20 * 1024 * 1024
/** Not more often than this, in case the buffers are somebody else's and alive. */
const FULL_SWEEP_BYTES = 128 * 1024 * 1024

type Collect = (options: { type: 'minor' | 'major' }) => void

let collect: Collect | null | undefined

/** Counts bytes that passed in buffers of Node's, and has the dead ones swept now and then. */
export class BufferSweep {
  #dueBytes = 0
  #fullDueBytes = 0

  passed(sizeBytes: number): void {
    this.#dueBytes += sizeBytes
    if (this.#dueBytes < SWEEP_BYTES) return
    this.#fullDueBytes += this.#dueBytes
    this.#dueBytes = 0
    collect ??= exposedCollector()
    const isFull = this.#fullDueBytes >= FULL_SWEEP_BYTES && process.memoryUsage().arrayBuffers > MAX_BUFFER_BYTES
    if (isFull) this.#fullDueBytes = 0
    collect?.({ type: isFull ? 'major' : 'minor' })
  }
}

function exposedCollector(): Collect | null {
  // The flag shows in contexts that are made after it, and so only in this one.
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  return typeof gc === 'function' ? (gc as Collect) : null
}
