import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Durability, isMissingFile, writeJsonFile } from './durable-file.ts'

/** How far ahead numbers are reserved on disk: one write in ten seconds of work, and at most that jump after a crash. */
const RESERVED_AHEAD = 10_000_000

interface GenerationClockOptions {
  dataDir: string
  durability: Durability
  now: () => Date
}

/**
 * Gives out generations: microseconds of the clock, strictly increasing for the whole server, across restarts and
 * clocks that stand still or go back. A number above all that were given out lies on disk.
 */
export class GenerationClock {
  readonly #path: string
  readonly #durability: Durability
  readonly #now: () => Date
  #last = 0
  #reserved = 0
  #reserving: Promise<void> = Promise.resolve()

  private constructor(options: GenerationClockOptions) {
    this.#path = join(options.dataDir, 'generations.json')
    this.#durability = options.durability
    this.#now = options.now
  }

  static async open(options: GenerationClockOptions): Promise<GenerationClock> {
    const clock = new GenerationClock(options)
    clock.#last = clock.#reserved = await readReserved(clock.#path)
    return clock
  }

  async next(): Promise<number> {
    const generation = Math.max(this.#now().getTime() * 1000, this.#last + 1)
    this.#last = generation
    if (generation > this.#reserved) {
      this.#reserved = generation + RESERVED_AHEAD
      this.#reserving = this.#write(this.#reserved)
    }
    await this.#reserving
    return generation
  }

  /** Notes the last number exactly, so that a planned restart leaves no gap. */
  async close(): Promise<void> {
    await this.#reserving
    await this.#write(this.#last)
  }

  #write(reserved: number): Promise<void> {
    return writeJsonFile(this.#path, { reserved }, this.#durability)
  }
}

async function readReserved(path: string): Promise<number> {
  try {
    const stored: unknown = JSON.parse(await readFile(path, 'utf8'))
    const isReservation = typeof stored === 'object' && stored !== null && 'reserved' in stored
    return isReservation ? Number(stored.reserved) : 0
  } catch (error) {
    if (isMissingFile(error)) return 0
    throw error
  }
}
