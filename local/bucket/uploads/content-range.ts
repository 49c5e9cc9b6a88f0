import { invalid } from '../http/failure.ts'

/** What a PUT to a resumable session says that it carries. */
export type UploadRange =
  /** `bytes *\/*` or `bytes *\/N`: no bytes; asks how far it is, or ends an upload of N bytes. */
  | { kind: 'query'; totalBytes: number | null }
  /** Bytes from `first`; `last` is null for "to the end of this body" (`bytes N-*\/…`). */
  | { kind: 'bytes'; first: number; last: number | null; totalBytes: number | null }
  /** No Content-Range: the body is the whole object. */
  | { kind: 'whole' }

/** Throws 400 for a Content-Range that is none. */
export function parseUploadRange(header: string | null): UploadRange {
  if (header === null) return { kind: 'whole' }
  const match = /^bytes (?:(\*)|(\d+)-(\d+|\*))\/(\d+|\*)$/.exec(header.trim())
  if (match === null) throw invalid(`Failed to parse Content-Range header: ${header}`)
  const [, star, first, last, total] = match
  const totalBytes = total === '*' ? null : Number(total)
  if (star !== undefined) return { kind: 'query', totalBytes }
  return { kind: 'bytes', first: Number(first), last: last === '*' ? null : Number(last), totalBytes }
}
