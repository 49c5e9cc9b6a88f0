/**
 * Compares by UTF-8 bytes, as Firestore does. UTF-16 code units order the same except that surrogates (U+10000 and up)
 * must come after U+E000–U+FFFF.
 */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a === b) continue
    const aIsSurrogate = a >= 0xd800 && a <= 0xdfff
    const bIsSurrogate = b >= 0xd800 && b <= 0xdfff
    if (aIsSurrogate === bIsSurrogate) return a < b ? -1 : 1
    return aIsSurrogate ? (b >= 0xe000 ? 1 : compareNumbers(a, b)) : a >= 0xe000 ? -1 : compareNumbers(a, b)
  }
  return compareNumbers(left.length, right.length)
}

export function compareNumbers(left: number, right: number): number {
  return left < right ? -1 : left > right ? 1 : 0
}

export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(left, right)
}

const NUMERIC_ID = /^__id(-?\d+)__$/

/** Compares two ids of one path: numeric ids (`__id7__`, from Datastore) first and by number, then by UTF-8 bytes. */
export function compareIds(left: string, right: string): number {
  const a = left.startsWith('__id') ? NUMERIC_ID.exec(left)?.[1] : undefined
  const b = right.startsWith('__id') ? NUMERIC_ID.exec(right)?.[1] : undefined
  if (a === undefined && b === undefined) return compareText(left, right)
  if (a === undefined) return 1
  if (b === undefined) return -1
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Compares two resource names segment by segment; a parent comes before what lies under it. */
export function comparePaths(left: string, right: string): number {
  if (left === right) return 0
  const a = left.split('/')
  const b = right.split('/')
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = compareIds(a[index] ?? '', b[index] ?? '')
    if (order !== 0) return order
  }
  return compareNumbers(a.length, b.length)
}
