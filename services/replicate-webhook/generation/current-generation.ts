import { type Generation, isGenerationOver } from '#shared/documents/generations.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'

interface Reason {
  code: string
  message: string
}

/** Why a generation is not to be worked on; null where somebody waits for it. */
export function reasonToStop(generation: Generation | null): Reason | null {
  if (generation === null) return deleted
  return isGenerationOver(generation) ? { code: 'generation.over', message: 'The generation has ended already.' } : null
}

/** The generation, if somebody waits for it; else throws the `CanceledError` that ends the job. */
export function checkCurrent(generation: Generation | null): Generation {
  const reason = reasonToStop(generation)
  if (generation === null || reason !== null) throw new CanceledError(reason ?? deleted)
  return generation
}

const deleted: Reason = { code: 'generation.deleted', message: 'The generation was deleted.' }
