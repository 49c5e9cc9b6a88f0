import type { Output } from '../output.ts'
import { ProgressDisplay } from '../progress-display.ts'
import { plainLine } from '../text-width.ts'

/** Faster than anybody reads, and slow enough to cost nothing. */
const REDRAW_MS = 100
/** A pipe is told nothing of what is done within a second, and programs no more often. */
const PLAIN_MS = 1_000
/** How often a pipe is told how far it is. */
const PLAIN_LINE_MS = 5_000

/** Shows how far forge is with the reading or sending of one file. */
export class FileDisplay {
  readonly #display: ProgressDisplay
  readonly #everyMs: number
  readonly #name: string
  readonly #phase: 'hashing' | 'uploading'
  readonly #now: () => number
  /** What was there at the first call, and when; an earlier call of forge may have sent it. */
  #begun: { atMs: number; doneBytes: number } | null = null
  #shownAtMs = Number.NEGATIVE_INFINITY

  constructor(
    output: Output,
    file: { name: string; phase: 'hashing' | 'uploading' },
    now: () => number = () => performance.now(),
  ) {
    this.#display = new ProgressDisplay(output, { plainLineEveryMs: PLAIN_LINE_MS, now })
    // Pieces of an upload are few, and the next one may take long.
    const redrawMs = file.phase === 'hashing' ? REDRAW_MS : 0
    this.#everyMs = output.canRedraw ? redrawMs : PLAIN_MS
    this.#name = plainLine(file.name)
    this.#phase = file.phase
    this.#now = now
  }

  show(doneBytes: number, sizeBytes: number): void {
    const now = this.#now()
    if (this.#begun === null) {
      this.#begun = { atMs: now, doneBytes }
      // A terminal shows at once that something has begun.
      if (this.#everyMs === PLAIN_MS) this.#shownAtMs = now
    }
    if (now - this.#shownAtMs < this.#everyMs) return
    this.#shownAtMs = now
    const elapsedMs = now - this.#begun.atMs
    const bytesPerSecond = elapsedMs === 0 ? 0 : Math.round((1000 * (doneBytes - this.#begun.doneBytes)) / elapsedMs)
    const etaSeconds = bytesPerSecond > 0 ? Math.ceil((sizeBytes - doneBytes) / bytesPerSecond) : null
    this.#display.show(
      { label: this.#name, record: { file: this.#name } },
      {
        stage: this.#phase,
        progress: { phase: this.#phase, doneBytes, sizeBytes, bytesPerSecond, etaSeconds, lanes: 0 },
      },
    )
  }
}
