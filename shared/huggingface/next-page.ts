/** One link: its target, then parameters whose values may be quoted (and then hold commas). */
const LINK = /<([^>]*)>((?:\s*;\s*[^;,="\s]+(?:\s*=\s*(?:"[^"]*"|[^;,"\s]*))?)*)/g
const PARAMETER = /;\s*([^;,="\s]+)(?:\s*=\s*(?:"([^"]*)"|([^;,"\s]*)))?/g

/**
 * The address of the next page from a `Link` header (RFC 8288 §3), resolved against the page it came with; null at the end of
 * the list. Whether the token may go there is the caller's to check.
 */
export function nextPage(link: string | undefined, pageUrl: URL): URL | null {
  for (const [, target = '', parameters = ''] of (link ?? '').matchAll(LINK)) {
    for (const [, name = '', quoted, token = ''] of parameters.matchAll(PARAMETER)) {
      const isNext = name.toLowerCase() === 'rel' && (quoted ?? token).toLowerCase().split(/\s+/).includes('next')
      if (isNext) return URL.parse(target, pageUrl.href)
    }
  }
  return null
}
