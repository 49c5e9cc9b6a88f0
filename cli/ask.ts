import { createInterface } from 'node:readline/promises'
import { UsageError } from './command.ts'
import type { Output } from './output.ts'

/**
 * Asks before something that costs money or can't be taken back. Without somebody to ask it needs `--yes`.
 * @throws UsageError where nobody can be asked.
 */
export async function mayGoOn(params: {
  output: Output
  yes: boolean
  question: string
  usage: string
  signal: AbortSignal
}): Promise<boolean> {
  if (params.yes) return true
  if (!params.output.isInteractive || !process.stdin.isTTY) {
    throw new UsageError(`${params.question} Nobody can be asked here: say --yes.`, params.usage)
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question(`${params.question} [y/N] `, { signal: params.signal })
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    params.signal.throwIfAborted()
    throw error
  } finally {
    prompt.close()
  }
}
