import { safeText } from '../../formats/safe-text.ts'

/** Enough to choose by; a list of a hundred stays a few hundred kilobytes. */
export const MAX_DESCRIPTION_BYTES = 4_000
const MAX_WORDS = 50
const MAX_WORD_BYTES = 200

/** A foreign name on one line. */
export function safeName(name: string): string {
  return safeText(name, 300)
}

/** Foreign words made safe, each once, at most fifty. Trigger words may be whole phrases. */
export function safeWords(words: readonly string[]): string[] {
  const safe = words.slice(0, MAX_WORDS * 4).map((word) => safeText(word, MAX_WORD_BYTES))
  return [...new Set(safe.filter((word) => word !== ''))].slice(0, MAX_WORDS)
}
