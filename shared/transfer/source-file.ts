/** Where a file of a model is kept, in its source's own words. Plain JSON: it is stored with the job. */
export type FileLocator =
  | { source: 'civitai'; modelVersionId: string; fileId: string | null }
  | { source: 'huggingface'; repo: string; commit: string; path: string }
  | { source: 'url'; url: string }
  /** An object of our own, at a generation; null where it need not be there, since the same bytes were stored. */
  | { source: 'upload'; bucket: string; name: string; generation: string | null }

/** One file to copy, and what its source says of it. Plain JSON: it is stored with the job. */
export interface SourceFile {
  locator: FileLocator
  /** Inside a folder model: `unet/model.safetensors`; else the file's name. Remote text: for people and for its extension. */
  path: string
  /** Null where the source does not say. */
  sizeBytes: number | null
  /** Of the content, lower-case hex. */
  sha256: string | null
  /** SHA-1 of git's blob (`"blob " + length + "\0" + bytes`): all that Hugging Face says of small files. */
  gitBlobSha1: string | null
}

/** A place from which a file's bytes can be had for a while. */
export interface FileLocation {
  /** Often signed: for requests, never for logs or documents. */
  url: string
  /** Sent to this place and to no other origin. */
  headers: Readonly<Record<string, string>>
  /** What the source said on the way there (X-Linked-Size, X-Linked-Etag); null where it said nothing. */
  sizeBytes: number | null
  sha256: string | null
}

/**
 * Finds where a file's bytes are now: asks the source again each time, and each time may count against a limit.
 * @throws AppError typed by its source: login needed, gated, archived, early access, rate limited, …
 */
export type LocateFile = (signal: AbortSignal) => Promise<FileLocation>
