import { ContentHash } from './content-hash.ts'
import type { StoredPart } from './part-store.ts'
import { ReadAhead } from './read-ahead.ts'

/** Takes the bytes of one part as they pass. */
export interface HashTap {
  update(chunk: Uint8Array): void
  /** All bytes of the part have passed; the next part may be tapped at once. */
  end(passed: { sizeBytes: number; crc32c: string }): void
  /** The part broke off: what passed of it counts for nothing. */
  cancel(): void
}

/**
 * Hashes parts in their order while they come in any. A part whose bytes pass just when it is its turn is hashed as it
 * passes; every other is read back from where it is stored, while the lanes go on.
 */
export class OrderedHash {
  readonly #ahead: ReadAhead
  readonly #attempt: (work: () => Promise<void>) => Promise<void>
  readonly #onFailure: (error: unknown) => void
  readonly #gitBlobBytes: number | null
  #hash: ContentHash
  /** The part whose turn it is. */
  #next = 0
  #tap: object | null = null
  #following = false
  #starts = 0
  #isStopped = false
  readonly #stored = new Map<number, StoredPart>()
  /** What was hashed as it passed, and must be what lies in the bucket. */
  readonly #tapped = new Map<number, { sizeBytes: number; crc32c: string }>()
  readonly #waiters: { index: number; resolve: () => void }[] = []

  constructor(init: {
    read: (part: StoredPart) => AsyncIterable<Uint8Array>
    /** Repeats the reading of a part as long as that may help. */
    attempt: (work: () => Promise<void>) => Promise<void>
    /** A part that could not be read back. */
    onFailure: (error: unknown) => void
    gitBlobBytes: number | null
  }) {
    this.#ahead = new ReadAhead(init.read)
    this.#attempt = init.attempt
    this.#onFailure = init.onFailure
    this.#gitBlobBytes = init.gitBlobBytes
    this.#hash = ContentHash.begin(init.gitBlobBytes)
  }

  /** How many parts are hashed. */
  get hashedParts(): number {
    return this.#next
  }

  /** A tap for a part that is about to pass, or null where it is not its turn. */
  tap(index: number): HashTap | null {
    if (index !== this.#next || this.#tap !== null || this.#following) return null
    const hash = this.#hash.copy()
    const tap: HashTap = {
      update: (chunk) => hash.update(chunk),
      end: (passed) => {
        if (this.#tap !== tap) return
        this.#tap = null
        this.#hash = hash
        this.#tapped.set(index, passed)
        this.#advance()
      },
      cancel: () => {
        if (this.#tap === tap) this.#tap = null
        this.#follow()
      },
    }
    this.#tap = tap
    return tap
  }

  /** The part lies in the bucket. */
  stored(part: StoredPart): void {
    const tapped = this.#tapped.get(part.index)
    // Other bytes than those that passed, after a part had to be fetched again: only what is stored counts.
    if (tapped !== undefined && (tapped.crc32c !== part.crc32c || tapped.sizeBytes !== part.sizeBytes)) this.#restart()
    this.#stored.set(part.index, part)
    this.#follow()
  }

  /** Whether nothing is missing that has to be hashed before `index`. */
  canReach(index: number): boolean {
    for (let part = this.#next; part < index; part++) if (!this.#stored.has(part)) return false
    return true
  }

  /** Resolves once all parts before `index` are hashed. */
  reached(index: number): Promise<void> {
    if (this.#next >= index || this.#isStopped) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ index, resolve }))
  }

  digest(): { sha256: string; gitBlobSha1: string | null } {
    return this.#hash.copy().digest()
  }

  /** Lets go of everybody who waits. */
  stop(): void {
    this.#isStopped = true
    this.#ahead.close()
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }

  #restart(): void {
    this.#tap = null
    this.#ahead.close()
    this.#tapped.clear()
    this.#starts++
    this.#next = 0
    this.#hash = ContentHash.begin(this.#gitBlobBytes)
  }

  #advance(): void {
    this.#next++
    const due = this.#waiters.filter(({ index }) => index <= this.#next)
    for (const waiter of due) this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
    for (const { resolve } of due) resolve()
  }

  #follow(): void {
    if (this.#following) return
    this.#following = true
    this.#readOn().catch(this.#onFailure)
  }

  async #readOn(): Promise<void> {
    try {
      for (;;) {
        const part = this.#stored.get(this.#next)
        if (part === undefined || this.#tap !== null || this.#isStopped) return
        const begun = this.#starts
        let hash = this.#hash
        await this.#attempt(async () => {
          hash = this.#hash.copy()
          for await (const chunk of this.#ahead.read(part)) {
            hash.update(chunk)
            const following = this.#stored.get(part.index + 1)
            if (following !== undefined) this.#ahead.open(following)
          }
        })
        // A restart in between makes this reading worthless.
        if (this.#starts !== begun) continue
        this.#hash = hash
        this.#advance()
      }
    } finally {
      // Here and not a turn later: a part that is stored in between would be forgotten.
      this.#following = false
    }
  }
}
