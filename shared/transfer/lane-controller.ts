/** What the lanes did since the last look. */
export interface LaneSample {
  nowMs: number
  /** Bytes that came from the source so far, by all lanes. */
  receivedBytes: number
  /** Lanes whose first byte has come. */
  flowingLanes: number
  /** Parts that no lane has taken yet. */
  pendingParts: number
}

export interface LaneControllerOptions {
  maxLanes: number
  /** How long throughput is measured before it is judged. */
  windowMs: number
  /** Before that: a new connection is slow to start, and empty socket buffers make it look fast. */
  settleMs: number
  /** The first pause after a step that brought nothing; doubles each time. */
  holdMs: number
}

/** More lanes must bring this much, or they are only more load for everybody. */
const GAIN = 1.15
/** The second lane more than that: with one, the hash is made as the bytes pass and nothing is read back. A source that limits each connection gives 2. */
const GAIN_OF_SECOND = 1.5
/** Below this share of the best, the lanes just added do harm: they end at once. */
const HARM = 0.85
/** Below this one the harm is plain; else a second look tells a real loss from a moment's noise. */
const COLLAPSE = 0.5
/** Below this share of what it was, throughput has changed enough to think again. */
const DROP = 0.6
const DROPS_IN_A_ROW = 3
/** Fewer lanes that keep this share of the throughput are enough. */
const NO_LOSS = 0.9
/** A lane that does not come to flow within this time counts as if it never would. */
const FLOW_LIMIT_MS = 3_000
const MAX_HOLD_MS = 60_000

type Phase = 'climbing' | 'holding' | 'descending'

/** Finds how many connections a source serves best: 1, 2, 4, 8, as long as each step pays. Pure: it is told the time. */
export class LaneController {
  readonly #options: LaneControllerOptions
  #target = 1
  #cap: number
  #phase: Phase = 'climbing'
  #best: { lanes: number; rate: number } | null = null
  #holdMs: number
  #holdUntilMs = 0
  #drops = 0
  /** A window that spoke against the present step, and is not believed alone. */
  #doubted: number | null = null
  #changedAtMs: number | null = null
  #flowingAtMs: number | null = null
  #window: { atMs: number; bytes: number } | null = null

  constructor(options: LaneControllerOptions) {
    this.#options = options
    this.#cap = options.maxLanes
    this.#holdMs = options.holdMs
  }

  /** How many lanes there should be. */
  get target(): number {
    return this.#target
  }

  /** The source refused one lane more than `lanes`: never that many again in this copy. */
  refuse(lanes: number): void {
    this.#cap = Math.max(1, Math.min(this.#cap, lanes))
    if (this.#target > this.#cap) this.#setTarget(this.#cap)
    this.#phase = 'holding'
    this.#best = null
  }

  /** @returns `retreat` when lanes beyond the target should end at once, for they slow the others down. */
  observe(sample: LaneSample): 'go on' | 'retreat' {
    const rate = this.#measure(sample)
    if (rate === null) return 'go on'
    const { nowMs, pendingParts } = sample
    switch (this.#phase) {
      case 'climbing':
        return this.#judgeStep(rate, nowMs, pendingParts)
      case 'descending':
        this.#judgeDescent(rate, nowMs)
        return 'go on'
      case 'holding':
        this.#judgeHold(rate, nowMs, pendingParts)
        return 'go on'
      default:
        return this.#phase satisfies never
    }
  }

  /** Bytes per ms over a full window of settled lanes, or null. */
  #measure({ nowMs, receivedBytes, flowingLanes }: LaneSample): number | null {
    const { windowMs, settleMs } = this.#options
    this.#changedAtMs ??= nowMs
    if (flowingLanes < this.#target && nowMs - this.#changedAtMs < FLOW_LIMIT_MS && this.#flowingAtMs === null)
      return null
    this.#flowingAtMs ??= nowMs
    if (nowMs - this.#flowingAtMs < settleMs) return null
    this.#window ??= { atMs: nowMs, bytes: receivedBytes }
    const elapsedMs = nowMs - this.#window.atMs
    if (elapsedMs < windowMs || elapsedMs === 0) return null
    const rate = (receivedBytes - this.#window.bytes) / elapsedMs
    this.#window = { atMs: nowMs, bytes: receivedBytes }
    return rate
  }

  #judgeStep(rate: number, nowMs: number, pendingParts: number): 'go on' | 'retreat' {
    const best = this.#best
    const gain = best?.lanes === 1 ? GAIN_OF_SECOND : GAIN
    if (best === null || rate >= best.rate * gain) {
      this.#best = { lanes: this.#target, rate }
      if (!this.#climb(pendingParts)) this.#hold(nowMs)
      return 'go on'
    }
    if (this.#doubted === null && rate >= best.rate * COLLAPSE) {
      this.#doubted = rate
      return 'go on'
    }
    const isHarm = Math.max(rate, this.#doubted ?? 0) < best.rate * HARM
    this.#setTarget(best.lanes)
    this.#hold(nowMs)
    if (isHarm) this.#holdUntilMs += this.#holdMs
    return isHarm ? 'retreat' : 'go on'
  }

  #judgeDescent(rate: number, nowMs: number): void {
    const before = this.#best
    if (before !== null && rate < before.rate * NO_LOSS) {
      // Fewer are worse, or one window was unlucky: a second one decides.
      if (this.#doubted === null) {
        this.#doubted = rate
        return
      }
      this.#setTarget(before.lanes)
    } else {
      this.#best = { lanes: this.#target, rate }
      if (this.#target > 1) {
        this.#setTarget(this.#target / 2)
        return
      }
    }
    // What made it drop may be over soon.
    this.#holdMs = this.#options.holdMs
    this.#hold(nowMs)
  }

  #judgeHold(rate: number, nowMs: number, pendingParts: number): void {
    const best = this.#best
    this.#drops = best !== null && rate < best.rate * DROP ? this.#drops + 1 : 0
    if (best !== null && this.#drops === 0) best.rate += (rate - best.rate) / 4
    if (this.#drops >= DROPS_IN_A_ROW) {
      this.#drops = 0
      this.#best = { lanes: this.#target, rate }
      if (this.#target === 1) return
      this.#phase = 'descending'
      this.#setTarget(this.#target / 2)
    } else if (nowMs >= this.#holdUntilMs) {
      const lanes = this.#target
      if (!this.#climb(pendingParts)) return
      this.#best = { lanes, rate }
      this.#phase = 'climbing'
    }
  }

  #climb(pendingParts: number): boolean {
    const next = Math.min(this.#target * 2, this.#cap)
    if (next <= this.#target || pendingParts === 0) return false
    this.#setTarget(next)
    return true
  }

  #hold(nowMs: number): void {
    this.#phase = 'holding'
    this.#drops = 0
    this.#holdUntilMs = nowMs + this.#holdMs
    this.#holdMs = Math.min(this.#holdMs * 2, MAX_HOLD_MS)
  }

  #setTarget(lanes: number): void {
    this.#target = Math.max(1, Math.floor(lanes))
    this.#changedAtMs = null
    this.#flowingAtMs = null
    this.#window = null
    this.#doubted = null
  }
}
