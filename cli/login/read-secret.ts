import { addAbortSignal, type Readable } from 'node:stream'
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
  signal.throwIfAborted()
  input.setEncoding('utf8')
  // Also while nothing comes. (Node's own streams are all that is ever given.)
  addAbortSignal(signal, input as Readable)
  let text = ''
  try {
    for await (const chunk of input) {
      text += String(chunk)
      if (text.length > maxChars) break
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
  // The end of line that `echo` and editors leave is none of it.
  return text.replace(/\r?\n$/, '')
}
