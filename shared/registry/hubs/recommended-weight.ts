/** `weight: 0.8`, `strength 0.6-0.8`, `weight of 0.7`, `0.8 weight`: how people write it who write it at all. */
const NUMBER = String.raw`([01](?:[.,]\d{1,2})?)(?:\s*(?:-|–|~|to)\s*([01](?:[.,]\d{1,2})?))?`
const PATTERNS: readonly RegExp[] = [
  new RegExp(
    String.raw`\b(?:recommended|suggested|best|optimal)\s+(?:lora\s+)?(?:weight|strength)s?\b[^\n\d]{0,20}${NUMBER}(?![\d.,]*\d)`,
    'i',
  ),
  new RegExp(String.raw`\b(?:weight|strength)s?\s*(?:[:=~]|of|is|at|around|between)\s*${NUMBER}(?![\d.,]*\d)`, 'i'),
]

/**
 * The weight that a description recommends for a LoRA; the middle where it names a range. Null where it says none that makes
 * sense (above 0, at most 2). What a file's own metadata states is read by `safetensorsFacts`.
 */
export function recommendedWeightIn(description: string | null): number | null {
  for (const pattern of PATTERNS) {
    const found = pattern.exec(description ?? '')
    if (found === null) continue
    const from = Number((found[1] ?? '').replace(',', '.'))
    const to = found[2] === undefined ? from : Number(found[2].replace(',', '.'))
    const weight = Math.round(((from + to) / 2) * 1000) / 1000
    if (weight > 0 && weight <= 2 && to >= from) return weight
  }
  return null
}
