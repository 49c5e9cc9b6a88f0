const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The longest start of `text` that has at most `maxBytes` in UTF-8 and ends between two characters as people see them. */
export function cutToFit(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  // A UTF-16 unit has at least one byte, so nothing beyond this can fit; the rest is never segmented.
  const start = text.slice(0, maxBytes + 1)
  const kept = firstThatFit(
    [...graphemes.segment(start)].map((one) => one.segment),
    maxBytes,
  )
  // One character with thousands of accents: cut inside it, but never inside a code point.
  return kept === '' ? firstThatFit([...start], maxBytes) : kept
}

function firstThatFit(pieces: readonly string[], maxBytes: number): string {
  let bytes = 0
  let count = 0
  for (const piece of pieces) {
    bytes += Buffer.byteLength(piece)
    if (bytes > maxBytes) break
    count += 1
  }
  return pieces.slice(0, count).join('')
}
