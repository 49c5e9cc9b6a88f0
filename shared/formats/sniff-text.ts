import { isUtf8 } from 'node:buffer'
import type { ModelFormat } from './model-format.ts'

/** Enough to get past a licence in a comment before the first tag. */
const looksAt = 16_384

/** The tags by which the WHATWG's sniffing rules know HTML (MIME Sniffing, "identifying a resource with an unknown MIME type"). */
const htmlStart =
  /^<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|center|meta|link)[\s/>]/i
/** What only a whole page starts with: a model card may well begin with `<div align="center">`. */
const htmlPageStart = /^<(!doctype html|html|head|title|meta)[\s/>]/i
const pointerStart = /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\//
const jsonStart = /^(\{\s*("|\}|$)|\[\s*(["{[\]\d-]|true|false|null|$))/

/** The format of a head that is text, or null when it is none. */
export function sniffText(head: Buffer): ModelFormat | null {
  const text = decodeStart(head)
  if (text === null) return null
  if (pointerStart.test(text)) return 'lfs-pointer'
  const start = afterPreamble(text)
  if (htmlStart.test(start)) return 'html'
  if (/^<\?xml[\s?]/i.test(text.trimStart()) || /^<(Error|svg)[\s>]/.test(start)) return 'xml'
  if (jsonStart.test(start)) return 'json'
  // Bytes of some old code page are only believed where they begin like a page.
  return text.includes('\u{FFFD}') ? null : 'text'
}

/** Whether a head begins as a whole web page does, and not merely with some tag. */
export function startsHtmlPage(head: Buffer): boolean {
  const text = decodeStart(head)
  return text !== null && htmlPageStart.test(afterPreamble(text))
}

/** The head's start as text without its byte order mark, or null when it is binary. */
function decodeStart(head: Buffer): string | null {
  const start = head.subarray(0, looksAt)
  if (start[0] === 0xff && start[1] === 0xfe) return start.toString('utf16le', 2)
  if (start[0] === 0xfe && start[1] === 0xff) {
    const whole = Buffer.from(start.subarray(2, start.length - (start.length % 2)))
    return whole.swap16().toString('utf16le')
  }
  // Text holds no other control characters.
  for (const byte of start) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b) return null
  }
  // The cut may go through a character: that is no reason to call the text anything else.
  const cut = [0, 1, 2, 3].find((bytes) => bytes < start.length && isUtf8(start.subarray(0, start.length - bytes))) ?? 0
  return start.toString('utf8', 0, start.length - cut).replace(/^\u{FEFF}/u, '')
}

/** What follows white space, comments and an XML declaration. */
function afterPreamble(text: string): string {
  let rest = text.trimStart()
  for (;;) {
    const end = rest.startsWith('<!--')
      ? rest.indexOf('-->') + 3
      : /^<\?xml[\s?]/i.test(rest)
        ? rest.indexOf('?>') + 2
        : 0
    // `indexOf` found nothing: the comment is longer than what was looked at.
    if (end < 5) return rest
    rest = rest.slice(end).trimStart()
  }
}
