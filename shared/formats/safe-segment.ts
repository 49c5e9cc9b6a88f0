import { createHash } from 'node:crypto'
import { cutToFit } from './cut-to-fit.ts'

/**
 * Slashes of both kinds; what gsutil and gcloud read as wildcards or as a generation; control, direction and line characters, lone
 * surrogates and code points that mean nothing. All else is allowed in a name and was typed on purpose.
 */
const unsafe =
  /[/\\#?[\]*\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u{200B}\u{200E}\u{200F}\u{202A}-\u{202E}\u{2060}-\u{206F}\u{FEFF}]/gu

/**
 * Text that people type as one part of an object name, in NFC: spaces as `_` by the app's contract, and nothing else changed
 * where nothing else must be. What must be changed or cut gets a hash of the original behind it, so that names which differ
 * stay apart.
 */
export function safeSegment(text: string, limits: { maxBytes: number; empty: string }): string {
  const wished = text.replaceAll(' ', '_')
  if (wished === '') return limits.empty
  // Longer text is cut below anyway, and a megabyte of it needn't be normalised.
  const start = wished.slice(0, limits.maxBytes * 4)
  const allowed = isDots(start) ? start.replaceAll('.', '_') : start.replace(unsafe, '_').normalize('NFC')
  if (allowed === wished && Buffer.byteLength(allowed) <= limits.maxBytes) return allowed
  // Over UTF-16: in UTF-8 all lone surrogates would be the same.
  const suffix = `-${createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 8)}`
  return cutToFit(allowed, limits.maxBytes - suffix.length) + suffix
}

function isDots(text: string): boolean {
  return text === '.' || text === '..'
}
