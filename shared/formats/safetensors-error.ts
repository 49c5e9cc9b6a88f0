import { FinalError } from '#shared/errors/app-error.ts'
import { safeText } from './safe-text.ts'

/** The header contradicts itself, the format or the file. `why` is a clause about the header and holds no foreign text; `name` is a tensor's. */
export function lyingHeader(why: string, facts: { name?: string; [fact: string]: unknown } = {}): FinalError {
  const named = facts.name === undefined ? facts : { ...facts, name: safeText(facts.name, 200) }
  return new FinalError({
    code: 'safetensors.lying-header',
    message: `The file is damaged or not a safetensors file: its header is wrong (${why}).`,
    facts: named,
  })
}

export function headerTooLarge(headerBytes: bigint, maxBytes: number): FinalError {
  return new FinalError({
    code: 'safetensors.header-too-large',
    message: `The safetensors header has ${headerBytes} bytes; at most ${maxBytes} are read.`,
    facts: { headerBytes: String(headerBytes) },
  })
}
