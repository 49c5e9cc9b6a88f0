import { createHash } from 'node:crypto'
import { changed, type LocalFile, withLocalFile } from './local-file.ts'

/** Large enough for the disk to be fast, small enough that Ctrl-C is heard at once. */
const READ_BYTES = 4 * 1024 * 1024

/** A file whose bytes are known by their hash. */
export interface HashedFile extends LocalFile {
  /** Lower-case hex. */
  sha256: string
}

/**
 * The SHA-256 of a file, within a memory that does not depend on it. `onProgress` gets how many bytes are behind it.
 * @throws FinalError `forge.no-file`, `forge.file-changed`; the signal's reason.
 */
export async function hashFile(
  path: string,
  params: { signal: AbortSignal; onProgress: (doneBytes: number, sizeBytes: number) => void },
): Promise<HashedFile> {
  const { signal, onProgress } = params
  return await withLocalFile(path, async (file, handle) => {
    const hash = createHash('sha256')
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, file.sizeBytes)))
    let doneBytes = 0
    onProgress(doneBytes, file.sizeBytes)
    while (doneBytes < file.sizeBytes) {
      signal.throwIfAborted()
      const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, doneBytes)
      if (bytesRead === 0) throw changed(path)
      hash.update(buffer.subarray(0, bytesRead))
      doneBytes += bytesRead
      onProgress(doneBytes, file.sizeBytes)
    }
    return { ...file, sha256: hash.digest('hex') }
  })
}
