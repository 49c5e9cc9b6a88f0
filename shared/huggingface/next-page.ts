/**
 * The address of the next page from a `Link` header (RFC 8288), resolved against the page it came with; null at the end of the
 * list. Whether the token may go there is the caller's to check.
 */
export function nextPage(link: string | undefined, pageUrl: URL): URL | null {
  for (const match of (link ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[^;,"]+(?:="[^"]*")?)*)/g)) {
    const [, target = '', parameters = ''] = match
    if (/;\s*rel\s*=\s*"?(?:[^"]*\s)?next(?:\s[^"]*)?"?\s*(?:;|$)/i.test(parameters))
      return URL.parse(target, pageUrl.href)
  }
  return null
}
