import type { Output } from '../output.ts'
import { StageDisplay } from '../stage-display.ts'
import { plainLine } from '../text-width.ts'
import { bytesOfText, clockText, speedText } from '../units.ts'

/** Faster than anybody reads, and slow enough to cost nothing. */
const REDRAW_MS = 100
/** A pipe is told nothing of what is done within a second. */
const PLAIN_MS = 1_000

/** Shows how far the reading or sending of one file is. */
export class FileDisplay {
  readonly #display: StageDisplay
  readonly #everyMs: number
  readonly #label: string
  readonly #work: 'hashing' | 'uploading'
  readonly #now: () => number
  readonly #begunAtMs: number
  #begunBytes: number | null = null
  #shownAtMs: number

  constructor(
    output: Output,
    file: { name: string; work: 'hashing' | 'uploading' },
    now: () => number = () => performance.now(),
  ) {
    this.#display = new StageDisplay(output)
    this.#everyMs = output.isInteractive ? REDRAW_MS : PLAIN_MS
    this.#label = plainLine(file.name)
    this.#work = file.work
    this.#now = now
    this.#begunAtMs = now()
    this.#shownAtMs = this.#begunAtMs
  }

  show(doneBytes: number, sizeBytes: number): void {
    // What an earlier call had sent says nothing about the speed of this one.
    this.#begunBytes ??= this.#work === 'uploading' ? doneBytes : 0
    const now = this.#now()
    if (now - this.#shownAtMs < this.#everyMs) return
    this.#shownAtMs = now
    const bytesPerSecond = Math.round((1000 * (doneBytes - this.#begunBytes)) / Math.max(1, now - this.#begunAtMs))
    const etaSeconds = bytesPerSecond > 0 ? Math.ceil((sizeBytes - doneBytes) / bytesPerSecond) : null
    const share = sizeBytes === 0 ? 1 : doneBytes / sizeBytes
    const percent = Math.floor(share * 100)
    const figures = [
      `${String(percent).padStart(3)} %`,
      bytesOfText(doneBytes, sizeBytes),
      ...(bytesPerSecond > 0 ? [speedText(bytesPerSecond)] : []),
      ...(etaSeconds === null ? [] : [`${clockText(etaSeconds)} left`]),
    ]
    this.#display.show({
      label: this.#label,
      status: this.#work,
      share,
      figures: figures.join('  '),
      record: {
        type: 'progress',
        file: this.#label,
        phase: this.#work,
        percent,
        doneBytes,
        sizeBytes,
        bytesPerSecond,
        etaSeconds,
      },
    })
  }
}
