import type { Schema } from './schema.ts'

/** The services, as their folders are named. */
export const SERVICES = ['image-worker', 'model-sync', 'replicate-webhook', 'api'] as const

export type Service = (typeof SERVICES)[number]

/** Everything that reads the table: the services, and `forge`, the command line. */
export const PROGRAMS = [...SERVICES, 'forge'] as const

export type Program = (typeof PROGRAMS)[number]

/** The raw environment: `process.env`, or a test's object. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A default that depends on other variables. */
export interface DerivedDefault {
  /** How the documentation tells it. */
  says: string
  /** The default as text; `read` gives another variable's text, null when absent. */
  derive(read: (name: string) => string | null): string
}

/** Who sets a variable: the deployment (service specs), Cloud Run itself, or only a laptop and the tests. */
export type SetBy = 'deployment' | 'platform' | 'laptop'

/** What a variable's absence means. */
export type Presence = 'required' | 'optional' | 'defaulted'

/** One environment variable: how it is read, and everything its documentation says. */
export interface Variable<T = unknown, P extends Presence = Presence, S extends Program = Program> {
  schema: Schema<T>
  presence: P
  default: string | DerivedDefault | null
  description: string
  services: readonly S[]
  setBy: SetBy
  /** A secret's value is a `SecretReference`, and is never shown. `NAME_FILE` may name a file that holds it. */
  secret: boolean
  example: string
}

interface VariableInit<T, S extends Program> {
  schema: Schema<T>
  description: string
  services: readonly S[]
  /** Who sets it; the deployment where nothing is said. */
  setBy?: SetBy
  example: string
}

/** A variable without which the service doesn't start. */
export function required<T, const S extends Program>(init: VariableInit<T, S>): Variable<T, 'required', S> {
  return { setBy: 'deployment', ...init, presence: 'required', default: null, secret: false }
}

/** A variable whose absence is a value of its own: null. */
export function optional<T, const S extends Program>(init: VariableInit<T, S>): Variable<T, 'optional', S> {
  return { setBy: 'deployment', ...init, presence: 'optional', default: null, secret: false }
}

/** A variable with a default, fixed or derived from others; the default goes through the schema like a given value. */
export function defaulted<T, const S extends Program>(
  init: VariableInit<T, S> & { default: string | DerivedDefault },
): Variable<T, 'defaulted', S> {
  return { setBy: 'deployment', ...init, presence: 'defaulted', secret: false }
}
