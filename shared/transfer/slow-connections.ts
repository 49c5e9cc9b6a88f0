/** Far below what connections of this copy usually give, whatever the reason. */
const SLOW_SHARE = 0.2
const SLOW_FOR_MS = 5_000
/** Before that much has been seen nobody knows what is usual. */
const MIN_KNOWN_MS = 5_000
const SAMPLE_MS = 1_000
/** A new connection gets this long before it is judged again. */
const GRACE_MS = 10_000

interface Watched {
  atMs: number
  bytes: number
  slowMs: number
}

/**
 * Finds connections that crawl while others fly: a bad route or a tired server would hold up the whole file by one part. Pure:
 * it is told the time.
 */
export class SlowConnections<Connection extends { readonly receivedBytes: number }> {
  #known = { bytes: 0, ms: 0 }
  #watched = new Map<Connection, Watched>()

  /** @returns those that had better be opened anew. */
  observe(nowMs: number, connections: readonly Connection[]): Connection[] {
    const watched = new Map<Connection, Watched>()
    const slow: Connection[] = []
    for (const connection of connections) {
      const seen = this.#watched.get(connection) ?? { atMs: nowMs, bytes: connection.receivedBytes, slowMs: 0 }
      watched.set(connection, seen)
      if (nowMs - seen.atMs >= SAMPLE_MS && this.#isSlow(nowMs, connection, seen)) slow.push(connection)
    }
    this.#watched = watched
    return slow
  }

  #isSlow(nowMs: number, { receivedBytes }: Connection, seen: Watched): boolean {
    const elapsedMs = nowMs - seen.atMs
    const bytes = receivedBytes - seen.bytes
    const { bytes: knownBytes, ms: knownMs } = this.#known
    const isSlow = knownMs >= MIN_KNOWN_MS && bytes / elapsedMs < (knownBytes / knownMs) * SLOW_SHARE
    this.#known = { bytes: knownBytes + bytes, ms: knownMs + elapsedMs }
    seen.atMs = nowMs
    seen.bytes = receivedBytes
    seen.slowMs = isSlow || seen.slowMs < 0 ? seen.slowMs + elapsedMs : 0
    if (seen.slowMs < SLOW_FOR_MS) return false
    seen.slowMs = -GRACE_MS
    return true
  }
}
