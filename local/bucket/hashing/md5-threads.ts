import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Md5Answer, Md5Request } from './md5-thread.ts'

/** The MD5 of one file, taken while it is still written. */
export interface FollowedMd5 {
  /** The first `end` bytes are written and will not change: they are hashed in the background. */
  advance(end: number): void
  /** The MD5 of the first `end` bytes, base64; the last call but for `drop`. Throws where they could not be read. */
  finish(end: number): Promise<string>
  /** Resolves, and never rejects, when the file is no longer looked at and may be closed; `finish` is waited for. */
  drop(): Promise<void>
}

/** More threads than this would only wait for the disk. */
const MAX_THREADS = 4

interface Thread {
  worker: Worker
  waiting: Map<number, PromiseWithResolvers<string | null>>
  /** How many it follows. */
  files: number
  /** Why it has ended, once it has. */
  failure: Error | null
}

/**
 * MD5 is the slowest thing that an upload needs (about 600 MB/s) and cannot be split, so it is taken beside the event loop:
 * threads read what was written back from the page cache, which costs less than handing them every chunk, and several
 * uploads use several cores.
 */
export class Md5Threads {
  #threads: Thread[] = []
  #lastId = 0

  /** Follows an open file. It must not be closed before `finish` or `drop` has ended. */
  follow(fd: number): FollowedMd5 {
    const thread = this.#leastBusy()
    const id = ++this.#lastId
    let ending: Promise<string | null> | null = null
    thread.files++
    const conclude = (request: Md5Request): Promise<string | null> => {
      ending ??= ask(thread, request).finally(() => {
        thread.files--
      })
      return ending
    }
    return {
      advance: (end) => thread.worker.postMessage({ kind: 'hash', id, fd, end, isLast: false } satisfies Md5Request),
      async finish(sizeBytes) {
        const md5Hash = await conclude({ kind: 'hash', id, fd, end: sizeBytes, isLast: true })
        if (md5Hash === null) throw new Error('The MD5 was dropped before it was finished.')
        return md5Hash
      },
      async drop() {
        // After a thread's end, or its failure, nobody looks at the file either.
        await conclude({ kind: 'drop', id }).catch(() => {})
      },
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))
  }

  /** A further thread is started as long as all are busy and there are cores for it. */
  #leastBusy(): Thread {
    const [idlest] = this.#threads.toSorted((a, b) => a.files - b.files)
    const limit = Math.min(MAX_THREADS, availableParallelism())
    if (idlest !== undefined && (idlest.files === 0 || this.#threads.length >= limit)) return idlest
    const thread = startThread(() => {
      this.#threads = this.#threads.filter((one) => one !== thread)
    })
    this.#threads.push(thread)
    return thread
  }
}

function startThread(onEnd: () => void): Thread {
  const worker = new Worker(new URL('./md5-thread.ts', import.meta.url))
  const thread: Thread = { worker, waiting: new Map(), files: 0, failure: null }
  const end = (error: Error): void => {
    thread.failure ??= error
    for (const answer of thread.waiting.values()) answer.reject(thread.failure)
    onEnd()
  }
  worker.unref()
  worker.on('message', ({ id, md5Hash, error }: Md5Answer) => {
    const answer = thread.waiting.get(id)
    if (error === null) answer?.resolve(md5Hash)
    else answer?.reject(error)
  })
  worker.on('error', (error) => end(error as Error))
  worker.on('exit', () => end(new Error('The MD5 thread has ended.')))
  return thread
}

async function ask({ worker, waiting, failure }: Thread, request: Md5Request): Promise<string | null> {
  if (failure !== null) throw failure
  const answer = Promise.withResolvers<string | null>()
  waiting.set(request.id, answer)
  // A thread keeps the process alive only as long as it has something to answer.
  worker.ref()
  worker.postMessage(request)
  try {
    return await answer.promise
  } finally {
    waiting.delete(request.id)
    if (waiting.size === 0) worker.unref()
  }
}
