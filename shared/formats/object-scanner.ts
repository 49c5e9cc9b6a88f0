import { isUtf8 } from 'node:buffer'

/** One member of a JSON object. The value is JSON text that nobody has parsed yet. */
export interface ObjectMember {
  key: string
  value: Buffer
}

export interface ScannerLimits {
  maxKeyBytes: number
  maxValueBytes: (key: string) => number
}

/** The text is not a JSON object, or a part of it is larger than allowed. The message is a clause, without foreign text. */
export class ScanError extends Error {}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const closing = 0x7d

type State = 'open' | 'first-key' | 'key' | 'in-key' | 'colon' | 'value' | 'in-value' | 'after-value' | 'closed'

/**
 * Takes a JSON object apart, member by member and chunk by chunk: neither its text nor its tree is ever in memory as a whole,
 * and members of the same name are all seen, which `JSON.parse` hides. Values are only delimited here; their own reader
 * parses them.
 */
export class ObjectScanner {
  readonly #limits: ScannerLimits
  #state: State = 'open'
  #key = ''
  /** What earlier chunks hold of the key or value that is under way. */
  #pieces: Buffer[] = []
  #piecesBytes = 0
  /** Inside a value: open brackets, and whether a string is open. */
  #depth = 0
  #inString = false
  #escaped = false

  constructor(limits: ScannerLimits) {
    this.#limits = limits
  }

  /** The members that end in this chunk. @throws ScanError */
  *push(chunk: Buffer): Generator<ObjectMember> {
    let start = 0
    let at = 0
    while (at < chunk.length) {
      const byte = chunk[at] ?? 0
      switch (this.#state) {
        case 'in-key':
          at = this.#passString(chunk, at)
          if (this.#inString) break
          this.#key = parseString(this.#take(chunk.subarray(start, at), this.#limits.maxKeyBytes))
          this.#state = 'colon'
          break
        case 'in-value':
          at = this.#passValue(chunk, at)
          if (at === chunk.length) break
          yield {
            key: this.#key,
            value: this.#take(chunk.subarray(start, at), this.#limits.maxValueBytes(this.#key)),
          }
          this.#state = 'after-value'
          break
        default:
          if (!isSpace(byte) || this.#state === 'open') {
            this.#state = this.#next(byte)
            start = at
          }
          // A value's first byte is part of it and is looked at once more.
          if (this.#state !== 'in-value') at += 1
      }
    }
    if (this.#state === 'in-key') this.#keep(chunk.subarray(start), this.#limits.maxKeyBytes)
    if (this.#state === 'in-value') this.#keep(chunk.subarray(start), this.#limits.maxValueBytes(this.#key))
  }

  /** Says that nothing follows. @throws ScanError when the object is not closed */
  end(): void {
    if (this.#state !== 'closed') throw new ScanError('it ends in the middle')
  }

  /** The state after a byte between keys and values. */
  #next(byte: number): State {
    switch (this.#state) {
      case 'open':
        // By the format the first byte, not even white space before it.
        if (byte === 0x7b) return 'first-key'
        throw new ScanError('it does not begin with {')
      case 'first-key':
      case 'key':
        if (byte === closing && this.#state === 'first-key') return 'closed'
        if (byte !== quote) throw new ScanError('a name is missing')
        this.#inString = true
        return 'in-key'
      case 'colon':
        if (byte !== 0x3a) throw new ScanError('a colon is missing')
        return 'value'
      case 'value':
        if (byte === comma || byte === closing) throw new ScanError('a value is missing')
        return 'in-value'
      case 'after-value':
        if (byte === comma) return 'key'
        if (byte === closing) return 'closed'
        throw new ScanError('a comma is missing')
      default:
        throw new ScanError('something follows its end')
    }
  }

  /** The offset behind a string's closing quote, or the chunk's end while it goes on. */
  #passString(chunk: Buffer, from: number): number {
    let at = from
    if (this.#escaped && at < chunk.length) {
      this.#escaped = false
      at += 1
    }
    for (;;) {
      const found = chunk.indexOf(quote, at)
      const end = found === -1 ? chunk.length : found
      // An odd number of backslashes escapes what follows them.
      let slashes = 0
      while (end - slashes > at && chunk[end - slashes - 1] === backslash) slashes += 1
      const escapes = slashes % 2 === 1
      if (found === -1) {
        this.#escaped ||= escapes
        return end
      }
      if (!escapes) {
        this.#inString = false
        return found + 1
      }
      at = found + 1
    }
  }

  /** The offset of the byte behind the value, or the chunk's end while it goes on. */
  #passValue(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length) {
      if (this.#inString) {
        at = this.#passString(chunk, at)
        continue
      }
      const byte = chunk[at] ?? 0
      if (this.#depth === 0 && (byte === comma || byte === closing || isSpace(byte))) return at
      if (byte === quote) this.#inString = true
      else if (byte === 0x7b || byte === 0x5b) this.#depth += 1
      else if (byte === closing || byte === 0x5d) this.#depth -= 1
      if (this.#depth < 0) throw new ScanError('its brackets do not match')
      at += 1
    }
    return at
  }

  #keep(piece: Buffer, maxBytes: number): void {
    this.#piecesBytes += piece.length
    if (this.#piecesBytes > maxBytes) throw new ScanError('one of its entries is absurdly long')
    this.#pieces.push(piece)
  }

  #take(last: Buffer, maxBytes: number): Buffer {
    this.#keep(last, maxBytes)
    const whole = this.#pieces.length === 1 ? last : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#piecesBytes = 0
    return whole
  }
}

/** A JSON value. @throws ScanError when the bytes are not UTF-8 or not JSON */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new ScanError('it is not UTF-8')
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw new ScanError('it is not valid JSON')
  }
}

function parseString(bytes: Buffer): string {
  const value = parseJson(bytes)
  if (typeof value !== 'string') throw new ScanError('a name is no string')
  return value
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
