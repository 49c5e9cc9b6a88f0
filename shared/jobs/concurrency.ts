import type { JobDefinition } from '#shared/jobs/definition.ts'

/** Lets at most `most` runs work at once; the others wait, their leases kept: memory is pixels times concurrency. */
export function limitConcurrency<Input>(definition: JobDefinition<Input>, most: number): JobDefinition<Input> {
  const places = new Places(most)
  return {
    ...definition,
    async run(run) {
      await places.take(run.signal)
      try {
        await definition.run(run)
      } finally {
        places.giveBack()
      }
    },
  }
}

class Places {
  #free: number
  /** Each takes over a place that is given back, in the order they came. */
  readonly #waiting: (() => void)[] = []

  constructor(most: number) {
    this.#free = most
  }

  async take(signal: AbortSignal): Promise<void> {
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

  giveBack(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free += 1
  }
}
