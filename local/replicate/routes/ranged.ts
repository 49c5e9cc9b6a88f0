import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { resolveByteRange } from '../../byte-range.ts'
import type { Answer } from './answer.ts'

/** A delivered file with its ETag, or the part of it that a Range asks for (RFC 9110 §14), as the CDN before it answers. */
export function answerRange(whole: Answer, request: IncomingHttpHeaders): Answer {
  const { body } = whole
  const etag = `"${createHash('md5').update(body).digest('hex')}"`
  const headers = { ...whole.headers, etag, 'accept-ranges': 'bytes' }
  const isSame = (request['if-range'] ?? etag) === etag
  const range = isSame ? resolveByteRange(request.range ?? null, body.byteLength) : null
  if (range === null) return { ...whole, headers }
  if (range === 'unsatisfiable') {
    const unsatisfied = { ...headers, 'content-range': `bytes */${body.byteLength}` }
    return { ...whole, status: 416, body: Buffer.alloc(0), headers: unsatisfied }
  }
  const { first, last } = range
  const partial = { ...headers, 'content-range': `bytes ${first}-${last}/${body.byteLength}` }
  return { ...whole, status: 206, body: body.subarray(first, last + 1), headers: partial }
}
