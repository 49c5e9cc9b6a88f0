import { Worker } from 'node:worker_threads'
import { ConfigError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { SegmentationReply, SegmentationRequest } from './segmentation-messages.ts'

export interface SegmentationThreadOptions {
  /** Whose thread it is, as its failures' codes begin; local where nothing is said. */
  provider?: string
  /** Handed to the thread at its start. */
  workerData?: unknown
  /** The thread's entry: segmentation-worker.ts beside the source, segmentation-worker.cjs beside a bundle. */
  workerFile: URL | string
  /** A thread without work gives its memory back after this time. */
  idleMs: number
  /** Calls that may wait behind the running one; one more is refused as a passing fault. */
  maxWaiting: number
  /** How long an aborted call may take to reach its next checkpoint before the thread is ended by force. */
  stopGraceMs: number
}

interface Call {
  request: SegmentationRequest
  settled: boolean
  resolve: (png: Uint8Array) => void
  reject: (reason: unknown) => void
}

/**
 * One lazily started worker thread that segments pictures one after another. One, because a picture fills a core and
 * much memory; more would only compete. A crash fails the call that was running and no other.
 */
export class SegmentationThread {
  readonly #options: SegmentationThreadOptions
  readonly #provider: string
  readonly #waiting: Call[] = []
  #worker: Worker | null = null
  #running: Call | null = null
  #timer: NodeJS.Timeout | null = null
  #nextId = 1
  #closed = false

  constructor(options: SegmentationThreadOptions) {
    this.#options = options
    this.#provider = options.provider ?? 'local'
  }

  /** The cut-out as PNG bytes. Rejects with the signal's reason, a TransientError (crash, memory, queue) or a FinalError (picture). */
  segment(picture: { bytes: Uint8Array; width: number; height: number }, signal: AbortSignal): Promise<Uint8Array> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.#closed) return Promise.reject(this.#unavailable('closed', 'Segmentation has been shut down.'))
    if (this.#waiting.length >= this.#options.maxWaiting) {
      return Promise.reject(
        this.#unavailable('queue-full', 'Too many pictures wait for segmentation; try again later.'),
      )
    }
    const stop = new Int32Array(new SharedArrayBuffer(4))
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#abort(call, signal.reason)
      const settle = (): void => {
        call.settled = true
        signal.removeEventListener('abort', onAbort)
      }
      const call: Call = {
        request: { id: this.#nextId++, ...picture, stop },
        settled: false,
        resolve: (png) => {
          settle()
          resolve(png)
        },
        reject: (reason) => {
          settle()
          reject(reason)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(call)
      this.#startNext()
    })
  }

  /** Ends the thread; calls under way or waiting reject as a passing fault. */
  async close(): Promise<void> {
    this.#closed = true
    const closing = this.#unavailable('closed', 'Segmentation has been shut down.')
    for (const call of this.#waiting.splice(0)) call.reject(closing)
    await this.#endThread(closing)
  }

  #startNext(): void {
    if (this.#running !== null) return
    const call = this.#waiting.shift()
    if (call === undefined) {
      this.#worker?.unref()
      this.#setTimer(this.#options.idleMs, () => void this.#endThread(null))
      return
    }
    this.#setTimer(null)
    this.#running = call
    const worker = this.#worker ?? this.#startThread()
    worker.ref()
    worker.postMessage(call.request)
  }

  #startThread(): Worker {
    const worker = new Worker(this.#options.workerFile, { workerData: this.#options.workerData })
    let cause: unknown = null
    worker.on('message', (reply: SegmentationReply) => this.#onReply(reply))
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', (code) => {
      if (this.#worker !== worker) return
      this.#worker = null
      this.#release()?.reject(this.#unavailable('crashed', `The segmentation thread ended with code ${code}.`, cause))
      if (this.#waiting.length > 0) this.#startNext()
    })
    this.#worker = worker
    return worker
  }

  #onReply(reply: SegmentationReply): void {
    if (this.#running?.request.id !== reply.id) return
    const call = this.#release()
    if (call !== null && !call.settled) {
      if (reply.outcome === 'done') call.resolve(reply.png)
      else call.reject(this.#failure(reply))
    }
    this.#startNext()
  }

  #release(): Call | null {
    const call = this.#running
    this.#running = null
    this.#setTimer(null)
    return call
  }

  #abort(call: Call, reason: unknown): void {
    call.reject(reason)
    const index = this.#waiting.indexOf(call)
    if (index >= 0) {
      this.#waiting.splice(index, 1)
      return
    }
    // Asking first spares the thread's start; native code of sharp is never cut off half-way.
    Atomics.store(call.request.stop, 0, 1)
    this.#setTimer(this.#options.stopGraceMs, () => void this.#endThread(null))
  }

  async #endThread(reason: AppReason): Promise<void> {
    this.#setTimer(null)
    const worker = this.#worker
    if (worker === null) return
    this.#worker = null
    const call = this.#release()
    if (call !== null && !call.settled) call.reject(reason)
    await worker.terminate()
    if (!this.#closed && this.#waiting.length > 0) this.#startNext()
  }

  #setTimer(ms: number | null, work?: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = ms === null || work === undefined ? null : setTimeout(work, ms).unref()
  }

  #unavailable(condition: string, message: string, cause?: unknown): TransientError {
    const code = `${this.#provider}.${condition}`
    return new TransientError({ code, message, ...(cause === undefined || cause === null ? {} : { cause }) })
  }

  #failure(reply: Exclude<SegmentationReply, { outcome: 'done' }>): Error {
    if (reply.outcome === 'stopped') return this.#unavailable('stopped', 'Segmentation was stopped.')
    if (reply.outcome === 'misconfigured') {
      return new ConfigError({ code: `${this.#provider}.misconfigured`, message: reply.message })
    }
    if (reply.exhausted) return this.#unavailable('out-of-memory', 'Segmentation ran out of memory; try again later.')
    return new FinalError({
      code: `${this.#provider}.unreadable-image`,
      message: 'The picture could not be read for background removal; upload it again as PNG, JPEG or WebP.',
      facts: { reason: reply.message },
    })
  }
}

type AppReason = TransientError | null
