import { createHash, type Hash } from 'node:crypto'

/** The hashes by which a file is known, over bytes in order. */
export class ContentHash {
  readonly #sha256: Hash
  readonly #gitBlobSha1: Hash | null

  private constructor(sha256: Hash, gitBlobSha1: Hash | null) {
    this.#sha256 = sha256
    this.#gitBlobSha1 = gitBlobSha1
  }

  /** @param gitBlobBytes The file's size where the SHA-1 of git's blob is wanted too, whose head names it; else null. */
  static begin(gitBlobBytes: number | null): ContentHash {
    const gitBlobSha1 = gitBlobBytes === null ? null : createHash('sha1').update(`blob ${gitBlobBytes}\0`)
    return new ContentHash(createHash('sha256'), gitBlobSha1)
  }

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk)
    this.#gitBlobSha1?.update(chunk)
  }

  /** The state so far, to return to when what follows turns out to be spoilt. */
  copy(): ContentHash {
    return new ContentHash(this.#sha256.copy(), this.#gitBlobSha1?.copy() ?? null)
  }

  /** Ends the hash; lower-case hex. */
  digest(): { sha256: string; gitBlobSha1: string | null } {
    return { sha256: this.#sha256.digest('hex'), gitBlobSha1: this.#gitBlobSha1?.digest('hex') ?? null }
  }
}
