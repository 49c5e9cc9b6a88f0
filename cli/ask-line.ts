import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Interrupted } from './interrupt.ts'

export interface LineAsked {
  input: NodeJS.ReadableStream
  /** Where the question goes. */
  output: NodeJS.WritableStream
  question: string
  /** What is typed goes nowhere. */
  isHidden?: boolean
  /** What has not happened if they would rather not say. */
  otherwise: string
  signal: AbortSignal
}

/** A line that somebody types. @throws Interrupted where they press Ctrl-C or Ctrl-D instead, or the signal's reason. */
export async function askLine(asked: LineAsked): Promise<string> {
  const { input, output, question, isHidden = false, otherwise } = asked
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  // A readline that thinks that it writes to a terminal takes the echo over from it.
  const prompt = createInterface(isHidden ? { input, output: nowhere, terminal: true } : { input, output })
  const interrupted = new AbortController()
  prompt.on('SIGINT', () => interrupted.abort(new Interrupted(`Interrupted. ${otherwise}`)))
  // Ctrl-D, or a terminal that goes away.
  prompt.on('close', () => interrupted.abort(new Interrupted(`Nothing was typed. ${otherwise}`)))
  const signal = AbortSignal.any([asked.signal, interrupted.signal])
  if (isHidden) output.write(question)
  try {
    return await prompt.question(isHidden ? '' : question, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    prompt.close()
    // Where it shows what is typed, readline ends the line by itself.
    if (isHidden) output.write('\n')
  }
}
