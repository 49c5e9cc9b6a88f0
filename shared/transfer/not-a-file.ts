import { notAFile } from './transfer-error.ts'

type PageKind = 'a web page' | 'a JSON answer'

const PAGE_TYPES: readonly { kind: PageKind; contentType: RegExp; path: RegExp; start: RegExp }[] = [
  {
    kind: 'a web page',
    contentType: /^(text\/html|application\/xhtml\+xml)\b/i,
    path: /\.(x?html?)$/i,
    start: /^\s*<(!doctype|html|head|body|script|\?xml|!--)/i,
  },
  {
    kind: 'a JSON answer',
    contentType: /^application\/([\w.-]+\+)?json\b/i,
    path: /\.(json|jsonl|ipynb|geojson|webmanifest)$/i,
    start: /^\s*[[{"]/,
  },
]

/** What an answer of this type is instead of the file `path`, or null where it may be the file. */
export function pageKind(contentType: string | undefined | null, path: string): PageKind | null {
  const page = PAGE_TYPES.find((one) => one.contentType.test(contentType ?? ''))
  return page === undefined || page.path.test(path) ? null : page.kind
}

/**
 * Refuses what sources send with status 200 in place of a file. The type alone proves nothing, since some hosts call every
 * file HTML; type and first bytes together do, and the beginning of an HTML document does by itself.
 * @throws FinalError `transfer.not-a-file`
 */
export function checkIsFile(params: { head: Buffer; contentType: string | null; path: string; host: string }): void {
  const { head, contentType, path, host } = params
  const start = head
    .subarray(0, 512)
    .toString('latin1')
    .replace(/^\u00ef\u00bb\u00bf/, '')
  const kind = pageKind(contentType, path)
  const page = PAGE_TYPES.find((one) => one.kind === kind)
  if (page?.start.test(start)) throw notAFile(host, page.kind)
  if (/^\s*<(!doctype\s+html|html[\s>])/i.test(start) && !/\.(x?html?|svg|xml)$/i.test(path)) {
    throw notAFile(host, 'a web page')
  }
}
