import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { resolveByteRange } from '../byte-range.ts'
import type { Content } from './content.ts'
import type { StoredFile } from './hosted-file.ts'
import { Refusal } from './refusal.ts'

/** What a request is answered with, before a fault gets at it. */
export interface Answer {
  status: number
  headers: OutgoingHttpHeaders
  content: Content
  /** The bytes of `content` from `first` up to, but without, `end`. None for a HEAD. */
  first: number
  end: number
  /** Whether it answers a Range with a 206. */
  isRange: boolean
}

/** The answer to a GET or HEAD of a file. Throws 412 and 416. */
export function answerFile(
  file: StoredFile,
  { request, disposition, ranges }: { request: IncomingMessage; disposition: string | null; ranges: boolean },
): Answer {
  const { headers, method } = request
  const { content, etag, sizeBytes } = file
  const ifMatch = headers['if-match']
  if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.split(',').some((tag) => tag.trim() === etag)) {
    throw new Refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
  }
  // RFC 9110 §13.1.5: with an If-Range that does not hold, Range is ignored.
  const ifRange = headers['if-range']
  const isRangeWanted = ranges && (ifRange === undefined || ifRange === etag || ifRange === file.lastModified)
  const range = isRangeWanted ? resolveByteRange(headers.range ?? null, sizeBytes) : null
  if (range === 'unsatisfiable') {
    const unsatisfied = { 'content-range': `bytes */${sizeBytes}`, 'accept-ranges': 'bytes' }
    throw new Refusal(416, 'InvalidRange', 'The requested range is not satisfiable', unsatisfied)
  }
  const { first, last } = range ?? { first: 0, last: sizeBytes - 1 }
  return {
    status: range === null ? 200 : 206,
    headers: {
      'content-type': file.contentType,
      'content-length': last - first + 1,
      etag,
      'last-modified': file.lastModified,
      ...(ranges ? { 'accept-ranges': 'bytes' } : {}),
      ...(disposition === null ? {} : { 'content-disposition': disposition }),
      ...(range === null ? {} : { 'content-range': `bytes ${first}-${last}/${sizeBytes}` }),
    },
    content,
    first,
    end: method === 'HEAD' ? first : last + 1,
    isRange: range !== null,
  }
}

/** `attachment` with the file's name, in plain ASCII and, where that is not enough, encoded too (RFC 6266 §4.3). */
export function attachmentOf(fileName: string): string {
  const plain = fileName.replaceAll(/[^\x20-\x7e]|["\\]/g, '_')
  const encoded = encodeURIComponent(fileName).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  )
  return `attachment; filename="${plain}"${plain === fileName ? '' : `; filename*=UTF-8''${encoded}`}`
}
