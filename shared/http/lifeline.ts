import { HttpTransientError } from './http-error.ts'
import type { ExchangePosition } from './translate-failure.ts'

/** Time limits of a request in milliseconds. */
export interface HttpTimeouts {
  /** Name look-up, TCP and TLS together. */
  connectMs: number
  /** From the last byte sent to the first byte of the answer. */
  headersMs: number
  /** The longest silence while a body is sent or received; every byte starts it anew. */
  stallMs: number
  /** Everything, redirects, rate limit and body included. `null` for long downloads, which the stall timer guards. */
  totalMs: number | null
}

export type HttpPhase = 'connect' | 'send' | 'headers' | 'body'

const PHASE_LIMITS = { connect: 'connectMs', send: 'stallMs', headers: 'headersMs', body: 'stallMs' } as const

/**
 * What keeps one request alive: its phase timer, its total timer and the caller's signal. Whichever gives up first is the
 * failure that everybody sees; `signal` then aborts with it.
 */
export class Lifeline {
  readonly #abort = new AbortController()
  readonly #timeouts: HttpTimeouts
  readonly #position: () => ExchangePosition
  readonly #callerSignal: AbortSignal | undefined
  readonly #totalTimer: NodeJS.Timeout | null
  #phase: HttpPhase = 'connect'
  #phaseTimer: NodeJS.Timeout | null = null

  constructor(params: { timeouts: HttpTimeouts; signal: AbortSignal | undefined; position: () => ExchangePosition }) {
    this.#timeouts = params.timeouts
    this.#position = params.position
    this.#callerSignal = params.signal
    const { totalMs } = params.timeouts
    this.#totalTimer = totalMs === null ? null : setTimeout(() => this.#expireTotal(totalMs), totalMs)
    this.#callerSignal?.addEventListener('abort', this.#onCallerAbort, { once: true })
    if (this.#callerSignal?.aborted) this.#onCallerAbort()
  }

  /** Aborts with the failure when the request has to end. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Enters a phase; it fails if neither the next phase nor progress comes in time. */
  enter(phase: HttpPhase): void {
    this.rest()
    this.#phase = phase
    const limitMs = this.#timeouts[PHASE_LIMITS[phase]]
    this.#phaseTimer = setTimeout(() => this.#expirePhase(limitMs), limitMs)
  }

  /** Bytes moved: the phase's time starts anew. */
  progress(): void {
    this.#phaseTimer?.refresh()
  }

  /** It is the consumer's turn: a slow reader of ours is no fault of the other side. */
  rest(): void {
    if (this.#phaseTimer !== null) clearTimeout(this.#phaseTimer)
    this.#phaseTimer = null
  }

  /** Releases timers and listener. Call it when the request is over, however it ended. */
  end(): void {
    this.rest()
    if (this.#totalTimer !== null) clearTimeout(this.#totalTimer)
    this.#callerSignal?.removeEventListener('abort', this.#onCallerAbort)
  }

  readonly #onCallerAbort = (): void => {
    this.#fail(this.#callerSignal?.reason)
  }

  #fail(reason: unknown): void {
    this.end()
    this.#abort.abort(reason)
  }

  #expirePhase(limitMs: number): void {
    const position = this.#position()
    const moving = this.#phase === 'send' || this.#phase === 'body'
    const what = {
      connect: 'took no connection',
      send: 'took no data',
      headers: 'gave no answer',
      body: 'sent no data',
    }
    this.#fail(
      new HttpTransientError({
        code: moving ? 'http.stalled' : 'http.timeout',
        message: `${position.host} ${what[this.#phase]} for ${limitMs / 1000} s.`,
        ...position,
        facts: { phase: this.#phase, limitMs },
      }),
    )
  }

  #expireTotal(limitMs: number): void {
    const position = this.#position()
    this.#fail(
      new HttpTransientError({
        code: 'http.timeout',
        message: `The request to ${position.host} was not done within ${limitMs / 1000} s.`,
        ...position,
        facts: { phase: 'total', limitMs },
      }),
    )
  }
}
