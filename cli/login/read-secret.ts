import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Interrupted } from '../interrupt.ts'

/** Where somebody types, or a pipe ends. */
export type SecretInput = NodeJS.ReadableStream & { isTTY?: boolean }

export interface SecretAsked {
  input: SecretInput
  /** Where the question goes; what is typed goes nowhere. */
  output: { write(text: string): unknown }
  question: string
  signal: AbortSignal
}

/** A secret stands in no argument, where `ps` and the shell's history would show it, and on no screen. */
export async function readSecret(asked: SecretAsked): Promise<string> {
  return asked.input.isTTY === true ? await readHidden(asked) : await readAll(asked)
}

async function readHidden({ input, output, question, signal }: SecretAsked): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  // A readline that thinks that it writes to a terminal takes the echo over from it.
  const prompt = createInterface({ input, output: nowhere, terminal: true })
  const interrupted = new AbortController()
  prompt.on('SIGINT', () => interrupted.abort(new Interrupted('Interrupted. Nobody was signed in.')))
  // Ctrl-D, or a terminal that goes away.
  prompt.on('close', () => interrupted.abort(new Interrupted('Nothing was typed. Nobody was signed in.')))
  const until = AbortSignal.any([signal, interrupted.signal])
  output.write(question)
  try {
    return await prompt.question('', { signal: until })
  } catch (error) {
    until.throwIfAborted()
    throw error
  } finally {
    prompt.close()
    output.write('\n')
  }
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
