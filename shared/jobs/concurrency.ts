import type { JobDefinition } from '#shared/jobs/definition.ts'

/** Lets at most `most` runs work at once; the others wait, their leases kept: memory is pixels times concurrency. */
export function limitConcurrency<Input>(definition: JobDefinition<Input>, most: number): JobDefinition<Input> {
  const places = new Places(most)
  return { ...definition, run: (run) => places.hold(run.signal, () => definition.run(run)) }
}

/** Places for the part of some work that takes much of the memory: who finds none waits, in the order they came. */
export class Places {
  #free: number
  /** Each takes over a place that is given back, in the order they came. */
  readonly #waiting: (() => void)[] = []

  constructor(most: number) {
    this.#free = most
  }

  /** Does `work` in a place of its own. Throws the signal's reason where it aborts before there is one. */
  async hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(signal)
    try {
      return await work()
    } finally {
      this.#giveBack()
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) {
      this.#free -= 1
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = () => {
      const index = this.#waiting.indexOf(resolve)
      if (index < 0) return // A place was handed over already; the run gives it back.
      this.#waiting.splice(index, 1)
      reject(signal.reason)
    }
    this.#waiting.push(resolve)
    signal.addEventListener('abort', leave, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  #giveBack(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free += 1
  }
}
