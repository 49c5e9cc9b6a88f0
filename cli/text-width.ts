import { stripVTControlCharacters } from 'node:util'

/** What terminals give two columns to: East Asian wide and full-width characters, and pictures. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f1e6}-\u{1f1ff}]|[\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
/** What stands in no column of its own: accents of the character before, joiners, marks of direction. */
const narrow = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u

/** How many columns a terminal needs for a text; colours need none. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) width += columnsOf(character)
  return width
}

/** The text, or as much of its beginning as fits into `columns` with an ellipsis behind it; without its colours then. */
export function fitText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text
  let kept = ''
  let width = 1 // The ellipsis.
  for (const character of stripVTControlCharacters(text)) {
    width += columnsOf(character)
    if (width > columns) break
    kept += character
  }
  return `${kept}…`
}

function columnsOf(character: string): number {
  if (narrow.test(character)) return 0
  return wide.test(character) ? 2 : 1
}

/** A name that is not ours as it may stand in a line: nothing in it that a terminal would obey. */
export function plainLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

const escapeCode = String.fromCharCode(27)
/** What a terminal would obey (its cursor, its title, the direction of its text), our own colours and ends of lines apart. */
const orders = new RegExp(`(?!${escapeCode}\\[\\d{1,2}m|[\\n\\t])[\\p{Cc}\\u202A-\\u202E\\u2066-\\u2069]`, 'gu')

/** A text that may hold what strangers have named and said, as it may be shown to a person. */
export function harmless(text: string): string {
  return text.replace(orders, ' ')
}
