import type { Micros } from '#local/documents/clock.ts'

const TOKEN_BYTES = 8

/** A token from which a listener goes on: the snapshot's time. */
export function resumeToken(time: Micros): Uint8Array {
  const token = Buffer.alloc(TOKEN_BYTES)
  token.writeBigUInt64BE(BigInt(time))
  return token
}

/** The time of a token; null for one that is not ours. */
export function readResumeToken(token: Uint8Array): Micros | null {
  if (token.length !== TOKEN_BYTES) return null
  return Number(Buffer.from(token).readBigUInt64BE())
}
