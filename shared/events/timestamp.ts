/** An instant as Google's APIs keep it: whole seconds since 1970 and the nanoseconds after them. */
export interface Instant {
  seconds: number
  /** 0 … 999,999,999, always counted forwards, before 1970 too. */
  nanos: number
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/
/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: the range of google.protobuf.Timestamp. */
const MIN_SECONDS = -62_135_596_800
const MAX_SECONDS = 253_402_300_799

/** Reads an RFC 3339 time with up to nine decimals; null where it is none or lies outside the years 1 to 9999. */
export function parseTimestamp(text: string): Instant | null {
  const match = RFC_3339.exec(text)
  if (match === null) return null
  const [, day, clock, decimals = '', zone = 'Z'] = match
  const millis = Date.parse(`${day}T${clock}${zone.toUpperCase()}`)
  if (Number.isNaN(millis)) return null
  const instant = { seconds: millis / 1000, nanos: Number(decimals.padEnd(9, '0')) }
  return isInstant(instant) ? instant : null
}

/** Whether the pair is one that google.protobuf.Timestamp allows. */
export function isInstant({ seconds, nanos }: Instant): boolean {
  return seconds >= MIN_SECONDS && seconds <= MAX_SECONDS && nanos >= 0 && nanos < 1_000_000_000
}

/**
 * Writes the one canonical form (proto3 JSON: UTC, 0, 3, 6 or 9 decimals), so that the same instant gives the same
 * text whether it came as protobuf or as JSON. Natural keys may contain it.
 */
export function formatTimestamp({ seconds, nanos }: Instant): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19)
  if (nanos === 0) return `${whole}Z`
  const decimals = String(nanos).padStart(9, '0')
  if (decimals.endsWith('000000')) return `${whole}.${decimals.slice(0, 3)}Z`
  if (decimals.endsWith('000')) return `${whole}.${decimals.slice(0, 6)}Z`
  return `${whole}.${decimals}Z`
}

/**
 * Orders two times written by `formatTimestamp`: negative when `a` is earlier. Texts can't be compared as they are
 * ("…00.5Z" sorts before "…00Z"), and a Date drops the microseconds that tell two writes apart.
 */
export function compareTimestamps(a: string, b: string): number {
  const left = parseTimestamp(a)
  const right = parseTimestamp(b)
  if (left === null || right === null) throw new RangeError(`Not an RFC 3339 time: ${left === null ? a : b}`)
  return left.seconds - right.seconds || left.nanos - right.nanos
}
