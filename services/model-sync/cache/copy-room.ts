import { type RoomDeps, reserveRoom } from '#shared/cache/reserve-room.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { transferPlanSchema } from '#shared/transfer/transfer-plan.ts'
import type { CopyInput } from '../copy-input.ts'
import { type KnownSize, roomNeeded, statedSize } from './room-needed.ts'

export interface CopyRoomDeps {
  cache: RoomDeps
  /** How long a copy waits for room before it fails. */
  waitMs: number
  /** How often it looks by itself: a lease that ends, a file that is unpinned, wakes nobody. */
  lookMs: number
  minPartBytes: number
}

/** The room of one copy in the cache: reserved before its first byte, and enlarged as its sources tell how much they send. */
export class CopyRoom {
  readonly #deps: CopyRoomDeps
  readonly #run: JobRun<CopyInput>
  readonly #learned = new Map<number, KnownSize>()
  /** Files whose known size is only how far they have come. */
  readonly #growing = new Set<number>()
  #reservedBytes = -1

  constructor(deps: CopyRoomDeps, run: JobRun<CopyInput>) {
    this.#deps = deps
    this.#run = run
    for (const index of run.input.files.keys()) {
      const stored = run.stored<unknown>(`plan-${index}`)
      const { layout } = stored === null ? { layout: null } : transferPlanSchema.parse(stored)
      if (layout !== null) this.#learned.set(index, layout)
    }
  }

  /**
   * Has room for all that is known by now.
   * @throws FinalError `cache.no-room`, `cache.full`; JobWaitsError while others hold the room.
   */
  async take(): Promise<void> {
    const { bytes, stayingBytes } = roomNeeded(this.#run.input, (index) => this.#known(index))
    if (bytes <= this.#reservedBytes) return
    const { cache, waitMs, lookMs } = this.#deps
    const room = await reserveRoom(cache, { jobId: this.#run.id, bytes, stayingBytes, waitMs })
    if (room.kind === 'reserved') {
      this.#reservedBytes = bytes
      return
    }
    const { maxBytes } = cache.limits
    if (room.kind === 'never') throw noRoom({ bytes, maxBytes, keptBytes: room.keptBytes })
    const endsAtMs = room.since.getTime() + waitMs
    const nowMs = cache.now().getTime()
    if (nowMs >= endsAtMs) throw full({ bytes, maxBytes, waitMs })
    const until = new Date(Math.min(endsAtMs, nowMs + lookMs, room.freeAt?.getTime() ?? endsAtMs))
    throw new JobWaitsError({ code: 'cache.waiting', message: 'The copy waits for room in the cache.', until })
  }

  /** What the plan of a file says, before it is stored and the first part is written. */
  async learn(index: number, layout: KnownSize | null): Promise<void> {
    if (layout === null) return
    this.#learned.set(index, layout)
    await this.take()
  }

  /** Before a part is written of a file whose length its source does not tell: room up to the part's end. */
  async grow(index: number, partIndex: number): Promise<void> {
    const known = this.#learned.get(index)
    if (known === undefined || (known.sizeBytes !== null && !this.#growing.has(index))) return
    this.#growing.add(index)
    const sizeBytes = Math.max(known.sizeBytes ?? 0, (partIndex + 1) * known.partBytes)
    await this.learn(index, { ...known, sizeBytes })
  }

  #known(index: number): KnownSize {
    const stated = this.#run.input.files[index]?.sizeBytes ?? null
    return this.#learned.get(index) ?? statedSize(stated, this.#deps.minPartBytes)
  }
}

function noRoom(facts: { bytes: number; maxBytes: number; keptBytes: number }): FinalError {
  const { bytes, maxBytes, keptBytes } = facts
  const message = `The copy needs ${bytes} bytes of the cache, which may hold ${maxBytes}; ${keptBytes} of them are pinned or trained models.`
  return new FinalError({ code: 'cache.no-room', message, facts })
}

function full(facts: { bytes: number; maxBytes: number; waitMs: number }): FinalError {
  const message = `The cache had no room for ${facts.bytes} bytes for ${Math.round(facts.waitMs / 1000)} s: other copies, and files that are held or used, fill it.`
  return new FinalError({ code: 'cache.full', message, facts })
}
