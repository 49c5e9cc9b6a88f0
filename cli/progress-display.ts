import type { Output } from './output.ts'
import { type BarProgress, isMoving, progressBar, progressText, shareOf } from './progress-bar.ts'

/** How far one thing is. */
export interface Standing {
  /** In words, while there are no figures. */
  stage: string
  progress: BarProgress | null
}

/** What is under way, as people and programs see it. */
export interface ProgressSubject {
  label: string
  record: Record<string, unknown>
}

interface Shown extends Standing {
  /** What the last plain line said, and when. */
  said: string
  saidAtMs: number
}

export interface ProgressDisplayOptions {
  /** A pipe gets no more lines of one thing than this, unless its phase changes. */
  plainLineEveryMs: number
  now?: () => number
}

/** Shows how far things are: a bar that is redrawn on a terminal, now and then a line in a pipe, every change as JSON. */
export class ProgressDisplay {
  readonly #output: Output
  readonly #plainLineEveryMs: number
  readonly #now: () => number
  readonly #shown = new Map<string, Shown>()

  constructor(output: Output, options: ProgressDisplayOptions) {
    this.#output = output
    this.#plainLineEveryMs = options.plainLineEveryMs
    this.#now = options.now ?? Date.now
  }

  show(subject: ProgressSubject, standing: Standing): void {
    const { label } = subject
    const before = this.#shown.get(label)
    // Whoever claims a job anew begins with an empty progress; what is stored of the copy is not lost by that.
    const progress = standing.progress ?? before?.progress ?? null
    const stage = progress?.phase ?? standing.stage
    const isNew = JSON.stringify([stage, progress]) !== JSON.stringify([before?.stage, before?.progress])
    const shown = { said: '', saidAtMs: 0, ...before, stage, progress }
    this.#shown.set(label, shown)
    if (this.#output.canRedraw) this.#redraw()
    else if (isNew) this.#say(subject, shown)
  }

  /** It has ended, or is no longer watched. */
  remove(label: string): void {
    this.#shown.delete(label)
    if (this.#output.canRedraw && this.#shown.size > 0) this.#redraw()
  }

  #say({ label, record }: ProgressSubject, shown: Shown): void {
    const { stage, progress } = shown
    const isDue = stage !== shown.said || this.#now() - shown.saidAtMs >= this.#plainLineEveryMs
    if (!this.#output.json && !isDue) return
    Object.assign(shown, { said: stage, saidAtMs: this.#now() })
    const share = progress && shareOf(progress)
    const percent = share === null ? null : Math.floor(share * 1000) / 10
    this.#output.result(
      progress ? { type: 'progress', ...record, percent, ...progress } : { type: 'stage', ...record, stage },
      `${label}  ${progress ? progressText(progress) : stage}`,
    )
  }

  #redraw(): void {
    const all = [...this.#shown]
    const moving = all.flatMap(([, { progress }]) => progress ?? [])
    const [first] = all
    if (moving.length === 0) {
      this.#output.progress(all.map(([label, { stage }]) => `${label}  ${stage}`).join(' · '))
      return
    }
    const label = all.length === 1 && first ? first[0] : `${moving.length} of ${all.length}`
    const paint = (text: string) => this.#output.style('green', text)
    this.#output.progress(progressBar(sumOf(moving), { label, width: this.#output.progressWidth, paint }))
  }
}

/** Several as if they were one. */
function sumOf(all: readonly BarProgress[]): BarProgress {
  const add = (pick: (one: BarProgress) => number) => all.reduce((sum, one) => sum + pick(one), 0)
  const moving = all.filter(isMoving)
  const etas = moving.flatMap((one) => one.etaSeconds ?? [])
  return {
    phase: moving[0]?.phase ?? all[0]?.phase ?? 'copying',
    doneBytes: add((one) => one.doneBytes),
    sizeBytes: all.some((one) => one.sizeBytes === null) ? null : add((one) => one.sizeBytes ?? 0),
    bytesPerSecond: moving.reduce((sum, one) => sum + one.bytesPerSecond, 0),
    etaSeconds: etas.length > 0 ? Math.max(...etas) : null,
    lanes: add((one) => one.lanes),
  }
}
