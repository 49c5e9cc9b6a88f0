/** What a 206 says of itself (RFC 9110 §14.4). */
export interface ContentRange {
  first: number
  last: number
  /** Null for `*`. */
  totalBytes: number | null
}

/** @returns null for anything that is not one satisfied range of bytes. */
export function parseContentRange(header: string | undefined): ContentRange | null {
  const match = /^\s*bytes\s+(\d+)-(\d+)\/(\d+|\*)\s*$/i.exec(header ?? '')
  if (match === null) return null
  const [, first, last, total] = match
  const range = { first: Number(first), last: Number(last), totalBytes: total === '*' ? null : Number(total) }
  if (range.last < range.first || (range.totalBytes !== null && range.last >= range.totalBytes)) return null
  return range
}

/** The total that a 416 states, whose range is only an asterisk; or null. */
export function parseUnsatisfiedTotal(header: string | undefined): number | null {
  const total = /^\s*bytes\s+\*\/(\d+)\s*$/i.exec(header ?? '')?.[1]
  return total === undefined ? null : Number(total)
}

/** An ETag that a range may be bound to; weak ones promise no equal bytes (RFC 9110 §8.8.1, §13.1.5). */
export function strongEtag(header: string | undefined): string | null {
  return header !== undefined && /^"[^"]*"$/.test(header) ? header : null
}
