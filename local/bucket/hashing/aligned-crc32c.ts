import { Crc32c } from '#shared/objects/crc32c.ts'

/** A resumable upload is kept in whole multiples of this until its last byte has come. */
export const UPLOAD_QUANTUM_BYTES = 256 * 1024

/**
 * A CRC32C that can be set back to the last quantum: the bytes after it wait, unhashed, until their quantum is full or
 * the upload ends. A cut connection then costs no second reading of what is kept.
 */
export class AlignedCrc32c {
  readonly #sum = new Crc32c()
  #hashedBytes = 0
  #waiting: Uint8Array[] = []
  #waitingBytes = 0

  /** How many bytes are kept whatever happens: a multiple of the quantum. */
  get keptBytes(): number {
    return this.#hashedBytes
  }

  add(chunk: Uint8Array): void {
    const fullBytes = this.#waitingBytes + chunk.byteLength
    const excessBytes = fullBytes % UPLOAD_QUANTUM_BYTES
    if (fullBytes < UPLOAD_QUANTUM_BYTES) {
      this.#waiting.push(chunk)
      this.#waitingBytes = fullBytes
      return
    }
    this.#flush()
    // What waited was less than a quantum, so the excess lies in this chunk.
    const hashed = chunk.byteLength - excessBytes
    this.#hash(chunk.subarray(0, hashed))
    this.#waiting = excessBytes === 0 ? [] : [chunk.subarray(hashed)]
    this.#waitingBytes = excessBytes
  }

  /** Forgets the bytes after the last full quantum. */
  rollBack(): void {
    this.#waiting = []
    this.#waitingBytes = 0
  }

  /** Ends the sum with the bytes that waited; base64. */
  finish(): string {
    this.#flush()
    return this.#sum.toString()
  }

  #flush(): void {
    for (const chunk of this.#waiting) this.#hash(chunk)
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #hash(chunk: Uint8Array): void {
    this.#sum.update(chunk)
    this.#hashedBytes += chunk.byteLength
  }
}
