import type { Output } from '../output.ts'
import type { BarProgress } from '../progress-bar.ts'
import { ProgressDisplay } from '../progress-display.ts'
import { clockText } from '../units.ts'
import type { ModelRecord } from './records.ts'

/** A pipe gets a line of a model that often. */
const PLAIN_LINE_MS = 5_000

/** What is known of one model's copy, and since when. */
interface Known {
  begun: { atMs: number; doneBytes: number }
  progress: BarProgress
}

/** Shows how far syncs are, as the API tells of them: it knows the bytes, and the speed comes of them. */
export class SyncDisplay {
  readonly #output: Output
  readonly #display: ProgressDisplay
  readonly #now: () => number
  readonly #startedAtMs: number
  readonly #known = new Map<string, Known>()

  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output
    this.#display = new ProgressDisplay(output, { plainLineEveryMs: PLAIN_LINE_MS, now })
    this.#now = now
    this.#startedAtMs = now()
  }

  show(label: string, { model_id, sync_status, sync_progress }: ModelRecord): void {
    const progress = sync_progress ? this.#progressOf(label, sync_progress) : null
    // Whoever sits there sees that the time passes; a pipe is told of bytes alone.
    if (progress === null && !this.#output.canRedraw) return
    const stage = `${sync_status ?? 'unknown'} ${clockText((this.#now() - this.#startedAtMs) / 1000)}`
    this.#display.show({ label, record: { model: model_id ?? label } }, { stage, progress })
  }

  /** It has ended, or is no longer watched. */
  remove(label: string): void {
    this.#display.remove(label)
  }

  #progressOf(label: string, said: NonNullable<ModelRecord['sync_progress']>): BarProgress {
    const { bytes_done: doneBytes, bytes_total: sizeBytes } = said
    const known = this.#known.get(label)
    // What has not changed is not told again, with another speed.
    if (known?.progress.doneBytes === doneBytes && known.progress.sizeBytes === sizeBytes) return known.progress
    const isBegunAnew = known === undefined || doneBytes < known.begun.doneBytes
    const begun = isBegunAnew ? { atMs: this.#now(), doneBytes } : known.begun
    const elapsedMs = this.#now() - begun.atMs
    const bytesPerSecond = elapsedMs > 0 ? Math.round((1000 * (doneBytes - begun.doneBytes)) / elapsedMs) : 0
    const leftBytes = sizeBytes === null ? null : sizeBytes - doneBytes
    const etaSeconds = leftBytes !== null && bytesPerSecond > 0 ? Math.ceil(leftBytes / bytesPerSecond) : null
    const progress: BarProgress = { phase: 'copying', doneBytes, sizeBytes, bytesPerSecond, etaSeconds, lanes: 0 }
    this.#known.set(label, { begun, progress })
    return progress
  }
}
