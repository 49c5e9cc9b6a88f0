import { FinalError } from '../errors/app-error.ts'

export type ArchiveErrorCode =
  | 'ambiguous'
  | 'bad-checksum'
  | 'bad-name'
  | 'damaged'
  | 'directory-too-large'
  | 'duplicate-name'
  | 'empty'
  | 'encrypted'
  | 'entry-too-large'
  | 'junk'
  | 'link'
  | 'lying-header'
  | 'missing'
  | 'nested'
  | 'overlap'
  | 'ratio'
  | 'special-file'
  | 'too-large'
  | 'too-many-entries'
  | 'truncated'
  | 'unsupported'
  | 'zip64'

/** An archive that is refused: `archive.…`. `what` reads after "The archive". */
export function archiveError(
  code: ArchiveErrorCode,
  what: string,
  facts: Readonly<Record<string, unknown>> = {},
): FinalError {
  return new FinalError({ code: `archive.${code}`, message: `The archive ${what}.`, facts })
}
