import { cutToFit } from './cut-to-fit.ts'

/**
 * Foreign text made fit for documents, logs and messages: NFC, well formed, on one line, without control, direction and
 * invisible characters (the joiner of emoji stays), at most `maxBytes` of UTF-8.
 */
export function safeText(text: string, maxBytes: number): string {
  // Cut first, roughly: what is thrown away needn't be cleaned. NFC and cleaning rarely make text longer.
  const cleaned = text
    .slice(0, maxBytes * 2)
    .toWellFormed()
    .replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\u{200D}(?!\p{Extended_Pictographic})|[\p{Cn}\u{FFFD}]|(?!\u{200D})\p{Cf}/gu, '')
    .normalize('NFC')
  return cutToFit(cleaned, maxBytes).trim()
}
