/** Options of `cleanMask`, as shares of the subject's or picture's area. */
export interface CleanupLimits {
  /** A separate piece smaller than this share of the largest piece is dropped. */
  islandShare: number
  /** A hole smaller than this share of the subject is filled. */
  holeShare: number
}

/** Drops islands and fills holes of a mask of 0 and 1; returns a new mask. */
export function cleanMask(mask: Uint8Array, width: number, limits: CleanupLimits): Uint8Array {
  const cleaned = mask.slice()
  const pieces = findPieces(mask, width, 1)
  const largest = Math.max(0, ...pieces.map((piece) => piece.pixels.length))
  for (const { pixels } of pieces) {
    if (pixels.length < limits.islandShare * largest) for (const i of pixels) cleaned[i] = 0
  }
  let area = 0
  for (const value of cleaned) area += value
  for (const { pixels, touchesBorder } of findPieces(cleaned, width, 0)) {
    if (!touchesBorder && pixels.length < limits.holeShare * area) for (const i of pixels) cleaned[i] = 1
  }
  return cleaned
}

/** A 4-connected piece of one value. */
export interface Piece {
  pixels: Int32Array
  touchesBorder: boolean
}

/** All 4-connected pieces of `value`, in reading order of their first pixel. */
function findPieces(mask: Uint8Array, width: number, value: 0 | 1): Piece[] {
  const seen = new Uint8Array(mask.length)
  const stack = new Int32Array(mask.length)
  const pieces: Piece[] = []
  for (let start = 0; start < mask.length; start++) {
    if ((mask[start] as number) !== value || (seen[start] as number) === 1) continue
    let size = 0
    let done = 0
    let touchesBorder = false
    const visit = (i: number): void => {
      if ((mask[i] as number) !== value || (seen[i] as number) === 1) return
      seen[i] = 1
      stack[size++] = i
    }
    visit(start)
    while (done < size) {
      const i = stack[done++] as number
      const x = i % width
      if (x === 0 || x === width - 1 || i < width || i >= mask.length - width) touchesBorder = true
      if (x > 0) visit(i - 1)
      if (x + 1 < width) visit(i + 1)
      if (i >= width) visit(i - width)
      if (i + width < mask.length) visit(i + width)
    }
    pieces.push({ pixels: stack.slice(0, size), touchesBorder })
  }
  return pieces
}
