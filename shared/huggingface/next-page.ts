/**
 * The address of the next page from a `Link` header (RFC 8288), resolved against the page it came with; null at the end of the
 * list. Whether the token may go there is the caller's to check.
 */
export function nextPage(link: string | undefined, pageUrl: URL): URL | null {
  for (const match of (link ?? '').matchAll(LINK)) {
    const [, target = '', parameters = ''] = match
    if (NEXT.test(parameters)) return URL.parse(target, pageUrl.href)
  }
  return null
}

/** One link: its target, then parameters whose values may be quoted (and then hold commas). */
const LINK = /<([^>]*)>((?:\s*;\s*[^;,="]+(?:=(?:"[^"]*"|[^;,"]*))?)*)/g
/** `rel` is a list of words. */
const NEXT = /;\s*rel\s*=\s*(?:next\b|"(?:[^"]*\s)?next(?:\s[^"]*)?")/i
