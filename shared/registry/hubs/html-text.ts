import { cutToFit } from '../../formats/cut-to-fit.ts'

/** Tags that begin or end a line; all others leave no trace. */
const BLOCKS =
  /^(?:address|article|blockquote|div|dl|dt|dd|figure|footer|h[1-6]|header|hr|li|ol|p|pre|section|table|tr|ul)$/
/** What is between their tags is not for readers. */
const HIDDEN = new Set(['script', 'style', 'template', 'iframe', 'noscript', 'svg', 'head', 'title'])

/** What editors write; the rest of HTML's two thousand names stays as it was written. */
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
  ['copy', '©'],
  ['reg', '®'],
  ['trade', '™'],
  ['hellip', '…'],
  ['mdash', '—'],
  ['ndash', '–'],
  ['lsquo', '‘'],
  ['rsquo', '’'],
  ['ldquo', '“'],
  ['rdquo', '”'],
  ['bull', '•'],
  ['middot', '·'],
  ['times', '×'],
  ['deg', '°'],
  ['euro', '€'],
  ['laquo', '«'],
  ['raquo', '»'],
  ['rarr', '→'],
  ['larr', '←'],
])

/**
 * The text of a piece of HTML: lines where blocks are, dashes before list items, entities read once, nothing of tags, comments
 * and scripts. It is plain text that may hold `<`: whoever puts it into a page escapes it. At most `maxBytes` of UTF-8.
 */
export function htmlToText(html: string, maxBytes: number): string {
  // Text is shorter than its HTML; what lies far behind the limit is never read.
  const source = html.slice(0, maxBytes * 8)
  const pieces: string[] = []
  let at = 0
  while (at < source.length) {
    const open = source.indexOf('<', at)
    if (open < 0) {
      pieces.push(readEntities(source.slice(at)))
      break
    }
    pieces.push(readEntities(source.slice(at, open)))
    const tag = readTag(source, open)
    if (tag === null) {
      // `a < b` and `<3` are text.
      pieces.push('<')
      at = open + 1
      continue
    }
    if (tag.name === 'br' || BLOCKS.test(tag.name)) pieces.push('\n')
    if (tag.name === 'li' && !tag.isEnd) pieces.push('- ')
    at = HIDDEN.has(tag.name) && !tag.isEnd ? endOfHidden(source, tag) : tag.end
  }
  return cutToFit(tidied(pieces.join('')), maxBytes).trim()
}

interface Tag {
  /** Lower case; empty for comments and declarations. */
  name: string
  isEnd: boolean
  /** Behind its `>`; a tag that is never closed takes the rest. */
  end: number
}

function readTag(source: string, open: number): Tag | null {
  if (source.startsWith('<!--', open)) return { name: '', isEnd: false, end: after(source, '-->', open + 4) }
  if (/[!?]/.test(source[open + 1] ?? '')) return { name: '', isEnd: false, end: after(source, '>', open + 2) }
  const isEnd = source[open + 1] === '/'
  const start = open + (isEnd ? 2 : 1)
  const name = /^[a-z][a-z0-9-]{0,20}/i.exec(source.slice(start, start + 22))?.[0].toLowerCase()
  if (name === undefined) return null
  let quote = ''
  for (let at = start + name.length; at < source.length; at++) {
    const character = source[at] ?? ''
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '>') return { name, isEnd, end: at + 1 }
    // A quote opens a value only behind its equals sign.
    else if ((character === '"' || character === "'") && /=\s*$/.test(source.slice(Math.max(0, at - 8), at)))
      quote = character
  }
  return { name, isEnd, end: source.length }
}

function endOfHidden(source: string, { name, end }: Tag): number {
  const close = new RegExp(`</${name}[\\s>]`, 'gi')
  close.lastIndex = end
  const found = close.exec(source)
  return found === null ? source.length : after(source, '>', found.index)
}

function after(source: string, mark: string, from: number): number {
  const at = source.indexOf(mark, from)
  return at < 0 ? source.length : at + mark.length
}

function readEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (written, name: string) => {
    if (!name.startsWith('#')) return ENTITIES.get(name) ?? written
    const hex = /^#x/i.test(name)
    const code = Number.parseInt(name.slice(hex ? 2 : 1), hex ? 16 : 10)
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
    return isCharacter ? String.fromCodePoint(code) : '\u{FFFD}'
  })
}

/** Well-formed NFC; no control and direction characters but line feeds; single spaces; at most one empty line in a row. */
function tidied(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(/\r\n?|[\p{Zl}\p{Zp}]/gu, '\n')
    .replace(/(?!\n)\s/gu, ' ')
    .replace(/(?!\n)\p{Cc}|[\u{202A}-\u{202E}\u{2066}-\u{2069}\u{200B}\u{FEFF}]/gu, '')
    .replace(/ {2,}/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/^- *\n+/gm, '- ')
    .replace(/\n{3,}/g, '\n\n')
}
