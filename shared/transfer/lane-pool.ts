import { TransientError } from '#shared/errors/app-error.ts'
import { type CarriedPart, carryPart } from './carry-part.ts'
import { type CopyState, createReader } from './copy-state.ts'
import type { LaneController } from './lane-controller.ts'
import { isRefusedLane, type PartFailure, PartFailures } from './part-failures.ts'
import type { PartQueue } from './part-queue.ts'
import type { StoredPart } from './part-store.ts'
import { SlowConnections } from './slow-connections.ts'
import type { SourceReader } from './source-reader.ts'
import { partRange } from './transfer-plan.ts'

/** How often throughput is looked at. */
const TICK_MS = 50
/** With one lane, the hash is at most this far behind when it is worth waiting for: then nothing is read back any more. */
const CATCH_UP_PARTS = 16

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

interface Lane {
  abort: AbortController
  /** The connection that has begun to send, if there is one. */
  reader: SourceReader | null
  /** The bucket's word on parts that have passed. */
  commits: Promise<PartFailure | null>[]
}

/** Ends a lane that slows the others down; its part goes back. */
const RETREAT = new TransientError({ code: 'transfer.retreat', message: 'Fewer lanes are faster.' })

/** Copies the queue's parts over as many lanes as the controller finds best, one connection each. */
export class LanePool {
  readonly #init: LanePoolInit
  readonly #lanes = new Set<Lane>()
  /** Also of lanes that only wait for their last commit. */
  readonly #tasks = new Map<Lane, Promise<void>>()
  readonly #failures: PartFailures
  readonly #connections = new SlowConnections<SourceReader>()
  readonly #over = new AbortController()
  readonly #finished = Promise.withResolvers<void>()

  constructor(init: LanePoolInit) {
    this.#init = init
    const { policy, clock } = init.state
    this.#failures = new PartFailures({ policy, ...clock })
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
      if (opened !== null && !this.#isOver) this.#start(opened)
      this.#fill()
      this.#endIfDone()
      await this.#finished.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#over.abort()
      await Promise.allSettled([...this.#tasks.values(), ticking])
    }
  }

  get lanes(): number {
    return this.#lanes.size
  }

  /** Ends all lanes with this failure. */
  fail(error: unknown): void {
    this.#over.abort()
    this.#finished.reject(error)
    for (const { abort } of this.#tasks.keys()) abort.abort(error)
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
      const readers = [...this.#lanes].map(({ reader }) => reader).filter((reader) => reader !== null)
      const { receivedBytes } = state.bytes
      const sample = { nowMs: now(), receivedBytes, flowingLanes: readers.length, pendingParts: queue.size }
      if (controller.observe(sample) === 'retreat') this.#retreat()
      for (const slow of this.#connections.observe(sample.nowMs, readers)) slow.reconnect()
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
    const lane: Lane = { abort: new AbortController(), reader: null, commits: [] }
    this.#lanes.add(lane)
    const task = this.#work(lane, opened)
      .catch((error: unknown) => this.fail(error))
      .then(() => {
        this.#tasks.delete(lane)
        this.#lanes.delete(lane)
        this.#fill()
        this.#endIfDone()
      })
    this.#tasks.set(lane, task)
  }

  #endIfDone(): void {
    if (this.#tasks.size === 0 && this.#init.queue.size === 0) this.#finished.resolve()
  }

  async #work(lane: Lane, opened: OpenedRun | null): Promise<void> {
    const { queue, controller } = this.#init
    let run = opened
    while (!this.#isOver) {
      const index = run?.index ?? (this.#lanes.size > controller.target ? null : queue.takeFirst())
      if (index === null) break
      const isWhole = await this.#carryRun(lane, index, run?.reader ?? null)
      run = null
      // One commit may be under way while the next part passes, no more; and none while a failure is thought about.
      const failures = await this.#settle(lane, isWhole ? 1 : 0)
      if (failures.length > 0 && !(await this.#mayTryAgain(lane, failures))) break
    }
    // At once, so that no second lane gives way for the same reason; the commits have time.
    this.#lanes.delete(lane)
    const failures = await this.#settle(lane, 0)
    if (failures.length > 0) await this.#mayTryAgain(lane, failures)
  }

  /**
   * Carries parts from `index` on over one connection, as far as nobody else has taken them.
   * @returns whether all that were begun have passed.
   */
  async #carryRun(lane: Lane, index: number, opened: SourceReader | null): Promise<boolean> {
    const { state } = this.#init
    const { signal } = lane.abort
    const lastPart = this.#lastPart(index)
    let reader = opened
    let current = index
    try {
      reader ??= await this.#openRun(index, lastPart, signal)
      lane.reader = reader
      for (;;) {
        const carried = carryPart({ state, index: current, reader, signal })
        lane.commits.push(this.#committed(current, carried))
        await carried.passed.catch(() => {})
        await lane.commits.at(-2)
        if (!carried.isComplete()) return false
        if (current === lastPart) {
          // Reading to the end keeps the connection for the next run; leaving before would close it.
          await reader.isAtEnd().catch(() => {})
          return true
        }
        if (!this.#mayGoOn(current + 1)) return true
        current++
        await this.#letHashCatchUp(current, signal)
      }
    } catch (error) {
      lane.commits.push(Promise.resolve({ index: current, error }))
      return false
    } finally {
      lane.reader = null
      reader?.close()
    }
  }

  /** Gives back the parts that failed. @param underWay how many of the last commits are not waited for. */
  async #settle(lane: Lane, underWay: number): Promise<PartFailure[]> {
    const due = lane.commits.splice(0, Math.max(0, lane.commits.length - underWay))
    const failures = (await Promise.all(due)).filter((failure) => failure !== null)
    for (const { index } of failures) this.#init.queue.giveBack(index)
    return failures
  }

  async #openRun(index: number, lastPart: number, signal: AbortSignal): Promise<SourceReader> {
    const { state } = this.#init
    const { layout } = state
    await this.#letHashCatchUp(index, signal)
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

  /**
   * With one lane, waits at a part's beginning for a hash that has fallen behind while there were more: it would stay behind to
   * the end, and everything that follows would be read back beside the one stream.
   */
  async #letHashCatchUp(index: number, signal: AbortSignal): Promise<void> {
    const { state, controller, queue } = this.#init
    const { hash } = state
    const lag = () => index - hash.hashedParts
    const isWorthIt = () => lag() > 0 && lag() <= Math.min(CATCH_UP_PARTS, queue.size + 1)
    if (controller.target > 1 || this.#lanes.size > 1 || !isWorthIt()) return
    // What has passed will be stored in a moment; only then is it known whether the hash can come this far.
    const underWay = [...this.#tasks.keys()].flatMap(({ commits }) => commits)
    await abortable(Promise.all(underWay), signal)
    if (isWorthIt() && hash.canReach(index)) await abortable(hash.reached(index), signal)
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
  async #committed(index: number, carried: CarriedPart): Promise<PartFailure | null> {
    try {
      const part = await carried.stored
      this.#failures.stored(index)
      this.#init.onStored(part)
      return null
    } catch (error) {
      return { index, error }
    }
  }

  /** Whether this lane goes on, after a wait. @throws the failure that another try cannot mend. */
  async #mayTryAgain(lane: Lane, failures: readonly PartFailure[]): Promise<boolean> {
    const { state, controller } = this.#init
    const { signal } = lane.abort
    if (signal.aborted) return false
    if (failures.some(isRefusedLane) && [...this.#lanes].some((other) => other !== lane && other.reader !== null)) {
      controller.refuse(this.#lanes.size - 1)
      return false
    }
    const waitMs = Math.max(...failures.map((failure) => this.#failures.waitMsAfter(failure)))
    await state.clock.sleep(waitMs, signal).catch(() => {})
    return !signal.aborted
  }
}

function abortable(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(() => resolve(), reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
