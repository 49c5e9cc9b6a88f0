import type { Output } from './output.ts'
import { bar } from './progress-bar.ts'
import { fitText, textWidth } from './text-width.ts'

/** A pipe gets a line at each status and at each of these parts of it. */
const PLAIN_STEP = 0.1
const WIDEST_BAR = 40

/** How far something is at the moment. */
export interface Stage {
  label: string
  status: string
  /** From 0 to 1; null where there is no telling. */
  share: number | null
  /** In numbers; may be empty. */
  figures: string
  /** The same for programs. */
  record: { type: string } & Record<string, unknown>
}

/** Shows how far one thing is: a line with a bar on a terminal, now and then a line in a pipe, every change as JSON. */
export class StageDisplay {
  readonly #output: Output
  #said: string | null = null

  constructor(output: Output) {
    this.#output = output
  }

  show(stage: Stage): void {
    if (this.#output.canRedraw) this.#draw(stage)
    else this.#say(stage)
  }

  #draw({ label: name, status, share, figures }: Stage): void {
    const width = this.#output.progressWidth
    const label = fitText(name, Math.max(12, Math.floor(width / 3)))
    const room = width - textWidth(`${label}  ${status}    ${figures}`)
    const paint = (text: string) => this.#output.style('green', text)
    const drawn = share === null || room < 8 ? '' : `${bar(share, Math.min(room, WIDEST_BAR), paint)}  `
    this.#output.progress(`${label}  ${status}  ${drawn}${figures}`)
  }

  #say({ label, status, share, figures, record }: Stage): void {
    const step = share === null ? null : Math.floor(share / PLAIN_STEP)
    const said = JSON.stringify(this.#output.json ? record : [label, status, step])
    if (said === this.#said) return
    this.#said = said
    this.#output.result(record, [label, status, figures].filter(Boolean).join('  '))
  }
}
