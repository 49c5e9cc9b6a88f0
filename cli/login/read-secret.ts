import { askLine } from '../ask-line.ts'

/** Where somebody types, or a pipe ends. */
export type SecretInput = NodeJS.ReadableStream & { isTTY?: boolean }

export interface SecretAsked {
  input: SecretInput
  /** Where the question goes; what is typed goes nowhere. */
  output: NodeJS.WritableStream
  question: string
  signal: AbortSignal
}

/** A secret stands in no argument, where `ps` and the shell's history would show it, and on no screen. */
export async function readSecret(asked: SecretAsked): Promise<string> {
  if (asked.input.isTTY !== true) return await readAll(asked)
  return await askLine({ ...asked, isHidden: true, otherwise: 'Nobody was signed in.' })
}

/** More than any password or token. */
const maxChars = 64 * 1024

async function readAll({ input, signal }: SecretAsked): Promise<string> {
  input.setEncoding('utf8')
  let text = ''
  for await (const chunk of input) {
    signal.throwIfAborted()
    text += String(chunk)
    if (text.length > maxChars) break
  }
  // The end of line that `echo` and editors leave is none of it.
  return text.replace(/\r?\n$/, '')
}
