import type { SourceAnswer } from './file-source.ts'
import type { SourceFile } from './source-file.ts'
import { lengthUnknown } from './transfer-error.ts'
import { partBytesFor, type TransferLayout } from './transfer-plan.ts'

/**
 * How a file is cut, from the first answer to a request for it and what its source stated.
 * @throws FinalError `transfer.length-unknown` where nobody could tell a whole copy from a broken one.
 */
export function planLayout(params: {
  answer: Pick<SourceAnswer, 'etag' | 'hasCleanEnd' | 'host' | 'ranges' | 'totalBytes'>
  file: SourceFile
  /** On the way to the location. */
  stated: { sizeBytes: number | null; sha256: string | null }
  minPartBytes: number
  maxBytes: number
}): TransferLayout {
  const { answer, file, stated, minPartBytes, maxBytes } = params
  const { totalBytes, etag } = answer
  const statedBytes = file.sizeBytes ?? stated.sizeBytes
  const sha256 = file.sha256 ?? stated.sha256
  const isProvable = sha256 !== null || file.gitBlobSha1 !== null || statedBytes !== null
  if (!answer.hasCleanEnd && totalBytes === null && !isProvable) throw lengthUnknown(answer.host)
  // A range without a total is only as good as a statement of the size; without one the end of a plain answer tells.
  const sizeBytes = totalBytes ?? (answer.ranges ? statedBytes : null)
  const partBytes = partBytesFor(sizeBytes ?? maxBytes, minPartBytes)
  return { sizeBytes, partBytes, etag, sha256, ranges: answer.ranges && sizeBytes !== null }
}
