import { createHash } from 'node:crypto'
import type { ContentSpec } from '../file-host/content-spec.ts'
import type { FileHost, HostedFile } from '../file-host/server.ts'

/** What the Hub says of a file in `/tree` (contract §3). */
export interface ListedEntry {
  oid: string
  size: number
  lfs?: { oid: string; size: number; pointerSize: number }
  xetHash?: string
}

/** A file of a repo, as a test orders it. */
export interface RepoFileSpec {
  path: string
  /** A text or bytes, or what the file host can make. */
  content?: string | Uint8Array | ContentSpec
  /** Kept by LFS and sent by another host. Default: by its extension, as a new repo's `.gitattributes` has it. */
  lfs?: boolean
  /** Of an LFS file: whether it has moved to Xet storage. Default true. */
  xet?: boolean
  /** Of a small file: sent by `/resolve/` itself, not over a redirect. */
  direct?: boolean
  /** What the service was seen to say of it; then its bytes are made up. */
  listed?: ListedEntry
}

/** A file of a repo. */
export interface RepoFile {
  path: string
  isDirect: boolean
  sizeBytes: number
  /** Hashes are worked out at the first look. */
  listed(): ListedEntry
  /** Null for what git itself keeps. */
  hosted: HostedFile | null
  /** What git keeps: the content of a small file, the pointer of an LFS file. */
  blob(): Buffer
}

const LFS_NAME = /\.(?:safetensors|sft|gguf|bin|ckpt|pt|pth|pkl|h5|onnx|onnx_data|msgpack|ot|zip|tar|gz|png|jpg|webp)$/i

export function createRepoFile(spec: RepoFileSpec, fileHost: Pick<FileHost, 'add'>): RepoFile {
  const { path, listed, direct: isDirect = false, xet = true } = spec
  const content = contentOf(spec)
  const isLfs = listed === undefined ? (spec.lfs ?? LFS_NAME.test(path)) : listed.lfs !== undefined
  if (!isLfs) {
    const bytes = content.kind === 'bytes' ? content.bytes : Buffer.alloc(content.sizeBytes, 'made up ')
    return {
      path,
      isDirect,
      sizeBytes: bytes.byteLength,
      hosted: null,
      listed: () => listed ?? { oid: gitBlobSha1(bytes), size: bytes.byteLength },
      blob: () => bytes,
    }
  }
  const hosted = fileHost.add({ content, fileName: path.split('/').at(-1) ?? path })
  const sha256 = (): string => listed?.lfs?.oid ?? hosted.sha256
  const blob = (): Buffer => pointerText(sha256(), hosted.sizeBytes)
  return {
    path,
    isDirect: false,
    sizeBytes: hosted.sizeBytes,
    hosted,
    blob,
    listed: () => listed ?? lfsEntry({ sha256: sha256(), size: hosted.sizeBytes, pointer: blob(), xet }),
  }
}

/** SHA-1 of git's blob, as it is in `oid`. */
export function gitBlobSha1(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex')
}

function contentOf({ path, content, listed }: RepoFileSpec): ContentSpec {
  if (typeof content === 'string' || content instanceof Uint8Array)
    return { kind: 'bytes', bytes: Buffer.from(content) }
  if (content !== undefined) return content
  if (listed === undefined) throw new Error(`The file ${path} has neither content nor listing.`)
  return { kind: 'random', sizeBytes: listed.size, seed: 1 }
}

/** What git has in place of an LFS file. */
function pointerText(sha256: string, sizeBytes: number): Buffer {
  return Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${sizeBytes}\n`)
}

function lfsEntry(file: { sha256: string; size: number; pointer: Buffer; xet: boolean }): ListedEntry {
  const { sha256, size, pointer, xet } = file
  const xetHash = createHash('sha256').update(`xet ${sha256}`).digest('hex')
  return {
    oid: gitBlobSha1(pointer),
    size,
    lfs: { oid: sha256, size, pointerSize: pointer.byteLength },
    ...(xet ? { xetHash } : {}),
  }
}
