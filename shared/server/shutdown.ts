import type { Logger } from '#shared/logging/logger.ts'

/** What of the process a shutdown needs; a test gives its own. */
export interface ProcessPort {
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown
  off(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown
  exit(code: number): void
}

type Hook = { name: string; run: () => Promise<void> | void }

interface ShutdownInit {
  /** From the first signal to the exit at the latest. */
  limitMs: number
  logger: Logger
  process: ProcessPort
  /** Refuses new work; resolves when the running work has ended. */
  drain: () => Promise<void>
}

/** Part of the time that stays for the hooks when running work does not end by itself. */
const HOOKS_SHARE = 0.2

/**
 * Polite, then firm (DESIGN §2.10). On the first signal: `signal` aborts, so that work checkpoints and answers; new work is
 * refused; when the running work has ended, the hooks run, last registered first; exit 0. What does not keep the time
 * ends in exit 1; a second signal exits at once.
 */
export class Shutdown {
  readonly #init: ShutdownInit
  readonly #controller = new AbortController()
  readonly #hooks: Hook[] = []
  #isSignalled = false

  constructor(init: ShutdownInit) {
    this.#init = init
    init.process.on('SIGTERM', this.#onSignal)
    init.process.on('SIGINT', this.#onSignal)
  }

  /** Aborts when the process must end. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Runs after the last request: close clients, stop timers. A hook that throws does not keep the others from running. */
  onShutdown(name: string, run: Hook['run']): void {
    this.#hooks.push({ name, run })
  }

  /** What the first signal does, without the exit. Resolves to whether everything ended in time. */
  async run(): Promise<boolean> {
    const { limitMs, logger } = this.#init
    logger.info('Shutting down.', { limitMs })
    this.#controller.abort(new Error('The process is shutting down.'))
    const isDrained = await within(limitMs * (1 - HOOKS_SHARE), this.#init.drain())
    if (!isDrained) logger.warn('Requests are still running; they end with the process and will be delivered again.')
    const isReleased = await within(limitMs * HOOKS_SHARE, this.#runHooks())
    if (!isReleased) logger.warn('A shutdown hook did not end in time.')
    return isDrained && isReleased
  }

  /** No longer listens to signals; for tests and for servers inside another process. */
  detach(): void {
    this.#init.process.off('SIGTERM', this.#onSignal)
    this.#init.process.off('SIGINT', this.#onSignal)
  }

  readonly #onSignal = (): void => {
    if (this.#isSignalled) {
      this.#init.process.exit(1)
      return
    }
    this.#isSignalled = true
    void this.run().then((isClean) => this.#init.process.exit(isClean ? 0 : 1))
  }

  async #runHooks(): Promise<void> {
    for (const hook of this.#hooks.toReversed()) {
      try {
        await hook.run()
      } catch (error) {
        this.#init.logger.warn(`The shutdown hook "${hook.name}" failed.`, { error })
      }
    }
  }
}

async function within(limitMs: number, work: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), limitMs)
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
