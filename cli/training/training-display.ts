import type { TrainingRecord } from '../api/records.ts'
import type { Output } from '../output.ts'
import { bar } from '../progress-bar.ts'
import { bytesOfText } from '../units.ts'

/** A pipe gets a line at each status and at each of these parts of the training. */
const PLAIN_STEP = 0.1
const WIDEST_BAR = 40

/** Shows how far an upload and a training are: one line on a terminal, now and then a line in a pipe, changes as JSON. */
export class TrainingDisplay {
  readonly #output: Output
  #said: string | null = null

  constructor(output: Output) {
    this.#output = output
  }

  showUpload(doneBytes: number, sizeBytes: number): void {
    const share = sizeBytes === 0 ? 1 : doneBytes / sizeBytes
    this.#draw('photos', { status: 'uploading', share, figures: bytesOfText(doneBytes, sizeBytes) })
    const record = { type: 'progress', stage: 'upload', status: 'uploading', doneBytes, sizeBytes }
    this.#say(record, `photos  uploading  ${bytesOfText(doneBytes, sizeBytes)}`, `upload ${plainStep(share)}`)
  }

  showTraining({ id, status, stage, progress = null }: TrainingRecord): void {
    // Its share is of the run at Replicate alone; before and after it there is no telling.
    const share = status === 'training' ? progress : null
    const percent = share === null ? null : Math.floor(share * 100)
    this.#draw(id, { status, share, figures: percent === null ? '' : `${percent} %` })
    const text = `${id}  ${status}${percent === null ? '' : `  ${percent} %`}`
    const key = `${status} ${share === null ? '' : plainStep(share)}`
    this.#say({ type: 'progress', trainingId: id, stage, status, percent }, text, key)
  }

  #draw(label: string, params: { status: string; share: number | null; figures: string }): void {
    if (!this.#output.isInteractive) return
    const { status, share, figures } = params
    const room = this.#output.progressWidth - `${label}  ${status}    ${figures}`.length
    const paint = (text: string) => this.#output.style('green', text)
    const drawn = share === null || room < 8 ? '' : `${bar(share, Math.min(room, WIDEST_BAR), paint)}  `
    this.#output.progress(`${label}  ${status}  ${drawn}${figures}`)
  }

  #say(record: { type: string } & Record<string, unknown>, text: string, key: string): void {
    if (this.#output.isInteractive) return
    const said = this.#output.json ? JSON.stringify(record) : key
    if (said === this.#said) return
    this.#said = said
    this.#output.result(record, text)
  }
}

function plainStep(share: number): number {
  return Math.floor(share / PLAIN_STEP)
}
