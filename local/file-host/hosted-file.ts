import { createHash } from 'node:crypto'
import { type Content, hashContent } from './content.ts'
import { type ContentSpec, createContent } from './content-spec.ts'

/** A file as those who list it know it: hubs tell its size and SHA-256 before anybody asks for its bytes. */
export interface HostedFile {
  /** At the host's origin, without a signature. */
  readonly path: string
  readonly fileName: string
  readonly sizeBytes: number
  /** Lower-case hex, of the content that was added. Worked out at the first look: about a second for 2 GiB. */
  readonly sha256: string
  /** Quoted, as it is sent now: the fault `changed-etag` makes it another. */
  readonly etag: string
  /** SHA-1 of git's blob with this content, as lower-case hex. */
  gitBlobSha1(): string
}

/** The file as the host keeps it. */
export interface StoredFile extends HostedFile {
  readonly contentType: string
  readonly lastModified: string
  readonly content: Content
  /** Whether its ETag was told to anybody: only then somebody can be misled by another. */
  wasEtagTold: boolean
  /** Another ETag from now on, and with `newBytes` other bytes of the same length. */
  change(newBytes: boolean): void
}

export interface AddFile {
  content: ContentSpec
  contentType?: string
  fileName?: string
}

/** The size of a part of the multipart uploads that storage of this kind is filled with. */
const UPLOAD_PART_BYTES = 64 * 1024 * 1024

export function createStoredFile(order: AddFile & { index: number; nowMs: number }): StoredFile {
  const { index, contentType = 'application/octet-stream' } = order
  const fileName = order.fileName ?? (order.content.kind === 'safetensors' ? 'model.safetensors' : 'file.bin')
  const added = createContent(order.content)
  const { sizeBytes } = added
  let content = added
  let version = 0
  let sha256: string | null = null
  return {
    path: `/files/${index}/${encodeURIComponent(fileName)}`,
    fileName,
    contentType,
    lastModified: new Date(order.nowMs).toUTCString(),
    sizeBytes,
    wasEtagTold: false,
    get content() {
      return content
    },
    get sha256() {
      sha256 ??= hashContent(added, 'sha256')
      return sha256
    },
    get etag() {
      // A multipart upload's, which is no MD5 of the content and must not be taken for one.
      const digest = createHash('md5')
        .update(JSON.stringify([fileName, sizeBytes, index, version]))
        .digest('hex')
      return `"${digest}-${Math.max(1, Math.ceil(sizeBytes / UPLOAD_PART_BYTES))}"`
    },
    gitBlobSha1: () => hashContent(added, 'sha1', `blob ${sizeBytes}\0`),
    change(newBytes) {
      version++
      if (newBytes) content = createContent({ kind: 'random', sizeBytes, seed: -version })
    },
  }
}
