import { UsageError } from './command.ts'
import type { Output } from './output.ts'

/**
 * Asks before something that costs money or can't be taken back. Without somebody to ask it needs `--yes`.
 * @throws UsageError where nobody can be asked; Interrupted where they press Ctrl-C.
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
  const { askLine } = await import('./ask-line.ts')
  const { signal } = params
  // A profile may be in use since days ago: whoever says yes should see where.
  const { FORGE_PROFILE } = process.env
  const question = `${params.question}${FORGE_PROFILE ? ` (profile ${FORGE_PROFILE})` : ''} [y/N] `
  const asked = { input: process.stdin, output: process.stderr, question, signal }
  return /^y(es)?$/i.test((await askLine({ ...asked, otherwise: 'Nothing was done.' })).trim())
}
