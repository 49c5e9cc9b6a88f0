import type { SourceFile } from '#shared/transfer/source-file.ts'

/** What a document's wish comes to: exact files, and what their source says of them. Plain JSON: kept in the job. */
export interface ResolvedModel {
  /** Names the bytes: the SHA-256 where it is known, else a hash of what names them at their source. */
  fileId: string
  layout: 'file' | 'folder'
  /** Names the version in the object's name. */
  versionId: string
  files: readonly SourceFile[]
  /** Null where the source does not say. */
  totalBytes: number | null
  baseModel: string | null
  triggerWords: string[]
}
