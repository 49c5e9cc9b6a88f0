import { createHash, type Hash } from 'node:crypto'
import { readSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'

/** What the thread is told about one file. Messages of a file come in order. */
export type Md5Request =
  /** The first `end` bytes are written and will not change. `isLast`: and there are no more; answer with their MD5. */
  | { kind: 'hash'; id: number; fd: number; end: number; isLast: boolean }
  /** The file is not wanted any more; answer when it is no longer looked at. */
  | { kind: 'drop'; id: number }

export interface Md5Answer {
  id: number
  /** Base64; null after a drop. */
  md5Hash: string | null
  error: Error | null
}

const block = Buffer.allocUnsafe(1024 * 1024)
const files = new Map<number, { hash: Hash; at: number; error: Error | null }>()

parentPort?.on('message', (request: Md5Request) => {
  const { id } = request
  const answer = (md5Hash: string | null, error: Error | null): void => {
    files.delete(id)
    parentPort?.postMessage({ id, md5Hash, error } satisfies Md5Answer)
  }
  if (request.kind === 'drop') return answer(null, null)
  const file = files.get(id) ?? { hash: createHash('md5'), at: 0, error: null }
  files.set(id, file)
  try {
    while (file.error === null && file.at < request.end) {
      const length = Math.min(block.byteLength, request.end - file.at)
      const readBytes = readSync(request.fd, block, 0, length, file.at)
      if (readBytes === 0) throw new Error('The content file is shorter than what was written to it.')
      file.hash.update(block.subarray(0, readBytes))
      file.at += readBytes
    }
  } catch (error) {
    // Told with the answer: nobody waits for one before the end.
    file.error = error as Error
  }
  if (request.isLast) answer(file.error === null ? file.hash.digest('base64') : null, file.error)
})
