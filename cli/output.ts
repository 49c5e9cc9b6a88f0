import { styleText } from 'node:util'
import { fitText, harmless, textWidth } from './text-width.ts'

/** A stream as a terminal or a pipe is one. */
export interface Sink {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
}

export interface OutputInit {
  stdout: Sink
  stderr: Sink
  env: Readonly<Record<string, string | undefined>>
  json: boolean
}

type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold'

/**
 * What a command says. Results go to standard output (text, or one JSON object a line); what only accompanies them
 * goes to standard error, so that a pipe gets results alone.
 */
export class Output {
  readonly json: boolean
  readonly #stdout: Sink
  readonly #stderr: Sink
  readonly #hasColour: boolean
  readonly #isDumb: boolean
  #hasProgress = false

  constructor(init: OutputInit) {
    this.json = init.json
    this.#stdout = init.stdout
    this.#stderr = init.stderr
    const { NO_COLOR, TERM } = init.env
    // no-color.org: any text but the empty one.
    // A terminal without a cursor: an editor's, or that of some CI.
    this.#isDumb = TERM === 'dumb'
    this.#hasColour = init.stdout.isTTY === true && !NO_COLOR && !this.#isDumb && !init.json
  }

  /** Whether somebody sits there who can be asked. */
  get isInteractive(): boolean {
    return this.#stderr.isTTY === true && !this.json
  }

  /** Whether a line can be written over; where it cannot, how far something is takes a line each time, as in a pipe. */
  get canRedraw(): boolean {
    return this.isInteractive && !this.#isDumb
  }

  /** A result in both forms: `record` for programs, `text` for people. */
  result(record: { type: string } & Record<string, unknown>, text: string): void {
    this.endProgress()
    this.#stdout.write(this.json ? `${JSON.stringify(record)}\n` : `${harmless(text)}\n`)
  }

  /** Text for people where it is the answer itself (a list). */
  text(text: string): void {
    this.endProgress()
    this.#stdout.write(harmless(text.endsWith('\n') ? text : `${text}\n`))
  }

  /** Said beside the result, to people only. */
  note(text: string): void {
    if (this.json) return
    this.endProgress()
    this.#stderr.write(`${harmless(text)}\n`)
  }

  /** A line of a log, which has its own form: beside the result in both of its forms. */
  log(line: string): void {
    this.endProgress()
    this.#stderr.write(harmless(line.endsWith('\n') ? line : `${line}\n`))
  }

  /** How many columns the line of progress may have: the terminal shows `^C` behind it, and a row that is full would wrap. */
  get progressWidth(): number {
    return Math.max(1, (this.#stderr.columns || 80) - 3)
  }

  /** How far it is: one line that is written over on a terminal; nothing in a pipe, where results say so. */
  progress(text: string): void {
    if (!this.canRedraw) return
    this.#stderr.write(`\r\u001B[2K${fitText(harmless(text), this.progressWidth)}`)
    this.#hasProgress = true
  }

  endProgress(): void {
    if (this.#hasProgress) this.#stderr.write('\r\u001B[2K')
    this.#hasProgress = false
  }

  /** Why the whole command ended badly. */
  failure(failure: { code: string; message: string; hint?: string }): void {
    this.endProgress()
    if (this.json) {
      const { code, message } = failure
      this.#stdout.write(`${JSON.stringify({ type: 'error', code, message })}\n`)
      return
    }
    this.#stderr.write(harmless(`${failure.message}\n${failure.hint ? `\n${failure.hint.trimEnd()}\n` : ''}`))
  }

  style(style: Style, text: string): string {
    return this.#hasColour ? styleText(style, text, { validateStream: false }) : text
  }
}

/** Rows as columns of one width each; numbers to the right. The last column isn't padded. */
export function table(rows: readonly (readonly (string | number)[])[], indent = '  '): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, textWidth(String(cell)))
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        const padding = ' '.repeat(width - textWidth(String(cell)))
        return typeof cell === 'number' ? `${padding}${cell}` : `${cell}${padding}`
      })
      .join('  ')
      .trimEnd(),
  )
  return lines.map((line) => indent + line).join('\n')
}
