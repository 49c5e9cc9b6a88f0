import { AppError, TransientError } from '#shared/errors/app-error.ts'
import { backoffDelay } from '#shared/retry/backoff.ts'
import { type CarriedPart, carryPart } from './carry-part.ts'
import { type CopyState, createReader } from './copy-state.ts'
import type { LaneController } from './lane-controller.ts'
import type { PartQueue } from './part-queue.ts'
import type { StoredPart } from './part-store.ts'
import type { SourceReader } from './source-reader.ts'
import { NoRangesError, SourceBusyError, SourceChangedError, SourceDeniedError } from './transfer-error.ts'
import { partRange } from './transfer-plan.ts'

/** How often throughput is looked at. */
const TICK_MS = 50
/** A part that fails this often, each time after the reader's own tries, is more than a passing fault. */
const MAX_PART_FAILURES = 3
/** Each has had a fresh location already, and those are counted by some sources. */
const MAX_DENIALS = 2
/** A longer wait is the job's: it is woken then. */
const MAX_BUSY_WAIT_MS = 30_000
/** With one lane, the hash is at most this far behind when it is worth waiting for: then nothing is read back any more. */
const CATCH_UP_PARTS = 3

export interface LanePoolInit {
  state: CopyState
  queue: PartQueue
  controller: LaneController
  onStored: (part: StoredPart) => void
  signal: AbortSignal
}

/** A reader that stands at the beginning of a part, which is not in the queue. */
interface OpenedRun {
  index: number
  reader: SourceReader
}

interface PartFailure {
  index: number
  error: unknown
}

interface Lane {
  abort: AbortController
  /** Whether its connection has begun to send. */
  isFlowing: boolean
}

/** Ends a lane that slows the others down; its part goes back. */
const RETREAT = new TransientError({ code: 'transfer.retreat', message: 'Fewer lanes are faster.' })

/** Copies the queue's parts over as many lanes as the controller finds best, one connection each. */
export class LanePool {
  readonly #init: LanePoolInit
  readonly #lanes = new Set<Lane>()
  readonly #tasks = new Set<Promise<void>>()
  readonly #failures = new Map<number, number>()
  readonly #over = new AbortController()
  readonly #finished = Promise.withResolvers<void>()

  constructor(init: LanePoolInit) {
    this.#init = init
  }

  /**
   * Ends when every part is stored.
   * @throws the first failure that another try cannot mend, when all lanes have ended.
   */
  async run(opened: OpenedRun | null): Promise<void> {
    const { signal } = this.#init
    const onAbort = (): void => this.fail(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const ticking = this.#tick()
    try {
      if (opened !== null) this.#start(opened)
      this.#fill()
      this.#endIfDone()
      await this.#finished.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#over.abort()
      await Promise.allSettled([...this.#tasks, ticking])
    }
  }

  get lanes(): number {
    return this.#lanes.size
  }

  /** Ends all lanes with this failure. */
  fail(error: unknown): void {
    this.#finished.reject(error)
    for (const { abort } of this.#lanes) abort.abort(error)
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted
  }

  async #tick(): Promise<void> {
    const { state, queue, controller } = this.#init
    const { now, sleep } = state.clock
    while (!this.#isOver) {
      await sleep(TICK_MS, this.#over.signal).catch(() => {})
      if (this.#isOver) return
      const flowingLanes = [...this.#lanes].filter(({ isFlowing }) => isFlowing).length
      const { receivedBytes } = state.bytes
      const verdict = controller.observe({ nowMs: now(), receivedBytes, flowingLanes, pendingParts: queue.size })
      if (verdict === 'retreat') this.#retreat()
      this.#fill()
    }
  }

  #fill(): void {
    const { queue, controller } = this.#init
    while (!this.#isOver && this.#lanes.size < controller.target && queue.size > 0) this.#start(null)
  }

  /** Ends the lanes that came last: they have the least to lose. */
  #retreat(): void {
    const { target } = this.#init.controller
    for (const { abort } of [...this.#lanes].slice(target)) abort.abort(RETREAT)
  }

  #start(opened: OpenedRun | null): void {
    const lane: Lane = { abort: new AbortController(), isFlowing: false }
    this.#lanes.add(lane)
    const task = this.#work(lane, opened).catch((error: unknown) => this.fail(error))
    this.#tasks.add(task)
    void task.finally(() => {
      this.#tasks.delete(task)
      this.#lanes.delete(lane)
      this.#fill()
      this.#endIfDone()
    })
  }

  #endIfDone(): void {
    if (this.#lanes.size === 0 && this.#init.queue.size === 0) this.#finished.resolve()
  }

  async #work(lane: Lane, opened: OpenedRun | null): Promise<void> {
    const { queue, controller } = this.#init
    let run = opened
    while (!this.#isOver) {
      const index = run?.index ?? (this.#lanes.size > controller.target ? null : queue.takeFirst())
      if (index === null) break
      const failures = await this.#carryRun(lane, index, run?.reader ?? null)
      run = null
      for (const { index: failed } of failures) queue.giveBack(failed)
      if (failures.length > 0 && !(await this.#mayTryAgain(lane, failures))) break
    }
    // At once, so that no second lane gives way for the same reason.
    this.#lanes.delete(lane)
  }

  /**
   * Carries parts from `index` on over one connection, as far as nobody else has taken them.
   * @returns the parts that failed.
   */
  async #carryRun(lane: Lane, index: number, opened: SourceReader | null): Promise<PartFailure[]> {
    const { state } = this.#init
    const { signal } = lane.abort
    const settling: Promise<PartFailure | null>[] = []
    const lastPart = this.#lastPart(index)
    let reader = opened
    let current = index
    try {
      reader ??= await this.#openRun(index, lastPart, signal)
      lane.isFlowing = true
      for (;;) {
        const carried = carryPart({ state, index: current, reader, signal })
        settling.push(this.#settle(current, carried))
        await carried.passed.catch(() => {})
        // One commit may be under way while the next part passes, no more.
        await settling.at(-2)
        if (!carried.isComplete() || current >= lastPart || !this.#mayGoOn(current + 1)) break
        current++
      }
    } catch (error) {
      settling.push(Promise.resolve({ index: current, error }))
    } finally {
      lane.isFlowing = false
      reader?.close()
    }
    return (await Promise.all(settling)).filter((failure) => failure !== null)
  }

  async #openRun(index: number, lastPart: number, signal: AbortSignal): Promise<SourceReader> {
    const { state, controller } = this.#init
    const { hash, layout } = state
    if (controller.target === 1 && index - hash.hashedParts <= CATCH_UP_PARTS && hash.canReach(index)) {
      await abortable(hash.reached(index), signal)
    }
    const end = partRange(layout, lastPart)
    const first = partRange(layout, index).first
    const reader = createReader(state, { first, last: end.first + end.sizeBytes - 1, signal })
    try {
      await reader.open()
    } catch (error) {
      reader.close()
      throw error
    }
    return reader
  }

  /** A single lane asks for all that follows at once, which spares a round trip a part; several divide it among them. */
  #lastPart(index: number): number {
    const { controller, queue } = this.#init
    return controller.target === 1 ? queue.endOfRun(index) : index
  }

  #mayGoOn(next: number): boolean {
    const { controller, queue } = this.#init
    return !this.#isOver && this.#lanes.size <= controller.target && queue.take(next)
  }

  /** Waits for the bucket's word. Never rejects: the failure is the result. */
  async #settle(index: number, carried: CarriedPart): Promise<PartFailure | null> {
    try {
      const part = await carried.stored
      this.#failures.delete(index)
      this.#init.onStored(part)
      return null
    } catch (error) {
      return { index, error }
    }
  }

  /** Whether this lane goes on, after a wait. @throws the failure that another try cannot mend. */
  async #mayTryAgain(lane: Lane, failures: readonly PartFailure[]): Promise<boolean> {
    const { state, controller } = this.#init
    const { clock, policy } = state
    if (lane.abort.signal.aborted) return false
    let waitMs = 0
    for (const { index, error } of failures) {
      if (!isPassing(error)) throw error
      const isRefused = error instanceof SourceDeniedError || error instanceof SourceBusyError
      if (isRefused && this.#othersFlow(lane)) {
        controller.refuse(this.#lanes.size - 1)
        return false
      }
      const count = (this.#failures.get(index) ?? 0) + 1
      this.#failures.set(index, count)
      if (count >= (error instanceof SourceDeniedError ? MAX_DENIALS : MAX_PART_FAILURES)) throw error
      const retryAt = error instanceof TransientError ? error.retryAt : null
      const toldMs = retryAt === null ? 0 : retryAt.getTime() - clock.now()
      if (toldMs > MAX_BUSY_WAIT_MS) throw error
      waitMs = Math.max(waitMs, toldMs, backoffDelay(policy, count, clock.random))
    }
    await clock.sleep(waitMs, lane.abort.signal).catch(() => {})
    return !lane.abort.signal.aborted
  }

  #othersFlow(lane: Lane): boolean {
    return [...this.#lanes].some((other) => other !== lane && other.isFlowing)
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof NoRangesError || error instanceof SourceChangedError) return false
  return error instanceof AppError && error.retryable
}

function abortable(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
