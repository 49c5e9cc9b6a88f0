/** Positions of the first and the last byte, both included. */
export interface ByteRange {
  first: number
  last: number
}

/**
 * Resolves a Range header (RFC 9110 §14.2) against a size. Null means the whole: no header, or one that is not a single
 * byte range, which servers ignore. `'unsatisfiable'` (416) where nothing of it exists.
 */
export function resolveByteRange(header: string | null, sizeBytes: number): ByteRange | 'unsatisfiable' | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '')
  if (match === null) return null
  const [, first, last] = match
  if (first === '' && last === '') return null
  if (first === '') {
    const suffixBytes = Number(last)
    if (suffixBytes === 0 || sizeBytes === 0) return 'unsatisfiable'
    return { first: Math.max(sizeBytes - suffixBytes, 0), last: sizeBytes - 1 }
  }
  const range = { first: Number(first), last: last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1) }
  if (last !== '' && Number(last) < range.first) return null
  return range.first >= sizeBytes ? 'unsatisfiable' : range
}
