import { UndecodableEventError } from './event-error.ts'

/** The wire types that proto3 writes; 3 and 4 (groups) are gone since proto2. */
const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The protobuf wire format, forwards only. Every method throws UndecodableEventError where the bytes are not that. */
export class WireReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length
  }

  /** The next key as it is written: field number × 8 + wire type. */
  key(): number {
    const key = this.#smallVarint()
    if (key < 8) throw malformed('a field has number 0')
    return key
  }

  /** A signed 64-bit integer, exact. */
  int64(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
    throw malformed('a varint is longer than ten bytes')
  }

  double(): number {
    const at = this.#take(8)
    return this.#view.getFloat64(at, true)
  }

  /** A length-delimited field, as a view on the same memory. */
  bytes(): Uint8Array {
    const length = this.#smallVarint()
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  string(): string {
    const bytes = this.bytes()
    try {
      return utf8.decode(bytes)
    } catch (cause) {
      throw malformed('a string is not UTF-8', cause)
    }
  }

  /** Passes over the value of a field that we don't know; new fields must not break old readers. */
  skip(key: number): void {
    switch (key % 8) {
      case VARINT:
        this.int64()
        return
      case FIXED64:
        this.#take(8)
        return
      case LENGTH:
        this.#take(this.#smallVarint())
        return
      case FIXED32:
        this.#take(4)
        return
      default:
        throw malformed(`wire type ${key % 8} does not exist`)
    }
  }

  /** Keys and lengths: at most 32 bits by the specification, so a plain number holds them. */
  #smallVarint(): number {
    let value = 0
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.#byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw malformed('a key or length has more than 32 bits')
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset]
    if (byte === undefined) throw malformed('it ends in the middle of a field')
    this.#offset += 1
    return byte
  }

  #take(length: number): number {
    const at = this.#offset
    if (length > this.#bytes.length - at) throw malformed('it ends in the middle of a field')
    this.#offset = at + length
    return at
  }
}

/** The error for bytes that are no protobuf message of the expected type. */
export function malformed(why: string, cause?: unknown): UndecodableEventError {
  const message = `The body is not a protobuf message: ${why}.`
  return new UndecodableEventError('malformed-protobuf', message, cause === undefined ? {} : { cause })
}
