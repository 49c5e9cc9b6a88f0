import type { Program, Service, Variable } from './variable.ts'
import { backgroundModelVariables } from './variables/background-model.ts'
import { imageVariables } from './variables/images.ts'
import { jobVariables } from './variables/jobs.ts'
import { malwareVariables } from './variables/malware.ts'
import { modelVariables } from './variables/models.ts'
import { registryVariables } from './variables/registry.ts'
import { replicateVariables } from './variables/replicate.ts'
import { serverVariables } from './variables/server.ts'
import { showcaseVariables } from './variables/showcase.ts'
import { storageVariables } from './variables/storage.ts'
import { trainingVariables } from './variables/trainings.ts'

/** Every environment variable that any service reads: the one table behind `loadConfig` and docs/environment.md. */
export const environment = {
  ...serverVariables,
  ...storageVariables,
  ...jobVariables,
  ...imageVariables,
  ...replicateVariables,
  ...showcaseVariables,
  ...backgroundModelVariables,
  ...malwareVariables,
  ...modelVariables,
  ...registryVariables,
  ...trainingVariables,
} satisfies Record<string, Variable>

export type VariableName = keyof typeof environment

type ValueOf<V> = V extends Variable<infer T, infer P, Program> ? (P extends 'optional' ? T | null : T) : never

type NamesOf<S extends Program> = {
  [N in VariableName]: [S] extends [(typeof environment)[N]['services'][number]] ? N : never
}[VariableName]

/**
 * The parsed configuration of one program, keyed by the variables' names: numbers, words, lists, URLs as normalised
 * strings without a trailing slash, secrets as `SecretReference`; null for an absent optional one. `Config` alone has
 * the variables that every service has.
 */
export type Config<S extends Program = Service> = {
  readonly [N in NamesOf<S>]: ValueOf<(typeof environment)[N]>
}

/** The table's rows, for code that goes through all of them. */
export function variables(): [name: VariableName, variable: Variable][] {
  return Object.entries(environment) as [VariableName, Variable][] // The keys of the table are its names.
}
