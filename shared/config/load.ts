import { readFileSync } from 'node:fs'
import { types } from 'node:util'
import { ConfigError, errorCode } from '#shared/errors/app-error.ts'
import { conflicts } from './checks.ts'
import { type Config, variables } from './environment.ts'
import { Refusal } from './schema.ts'
import { SecretReference } from './secret-reference.ts'
import type { Environment, Program, Variable } from './variable.ts'

/**
 * Reads the variables of a service or of `forge`. Empty text counts as absent; blanks around a value (the newline that
 * `echo` leaves in a secret) are dropped. Throws one `ConfigError` that tells every problem at once and shows no secret.
 */
export function loadConfig<S extends Program>(service: S, env: Environment): Config<S> {
  const parsed: Record<string, unknown> = {}
  const problems: string[] = []
  const ofDefaults: string[] = []
  for (const [name, variable] of variables()) {
    if (!variable.services.includes(service)) continue
    try {
      parsed[name] = readVariable(name, variable, env)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const list = isGiven(name, variable, env) || variable.presence === 'required' ? problems : ofDefaults
      list.push(`${name} ${error.message}; give ${variable.schema.expects}, for example ${variable.example}.`)
    }
  }
  // A default derived from a bad variable is bad too; telling it as well would send the reader to the wrong one.
  if (problems.length === 0) problems.push(...ofDefaults)
  problems.push(...conflicts(parsed, (name) => textOf(name, env)))
  if (problems.length > 0) {
    throw new ConfigError({
      code: 'config.invalid',
      message: `${service} cannot start: ${problems.join(' ')} All variables are explained in docs/environment.md.`,
      facts: { service, problems },
    })
  }
  return parsed as Config<S> // Every name of the service went through its own schema above.
}

function readVariable(name: string, variable: Variable, env: Environment): unknown {
  const given = textOf(name, env)
  if (variable.secret) {
    const path = textOf(`${name}_FILE`, env)
    if (path !== null && given !== null) throw new Refusal(`and ${name}_FILE are both set; keep one`)
    if (path !== null) return secretInFile({ name, path, variable })
  }
  if (given !== null) return variable.schema.parse(given)
  switch (variable.presence) {
    case 'required':
      throw new Refusal('is missing')
    case 'optional':
      return null
    case 'defaulted':
      return variable.schema.parse(defaultText(variable, env))
    default:
      return variable.presence satisfies never
  }
}

function isGiven(name: string, variable: Variable, env: Environment): boolean {
  return textOf(name, env) !== null || (variable.secret && textOf(`${name}_FILE`, env) !== null)
}

function defaultText(variable: Variable, env: Environment): string {
  if (variable.default === null) return ''
  if (typeof variable.default === 'string') return variable.default
  return variable.default.derive((name) => textOf(name, env) ?? textOf(`${name}_FILE`, env))
}

function secretInFile(secret: { name: string; path: string; variable: Variable }): SecretReference {
  // Read once so that a missing or empty file stops the start, not the first job; later reads follow its rotation.
  const content = readSecretFile(secret)
  if (content === '') throw new Refusal(`is in ${secret.path} (${secret.name}_FILE), which is empty`)
  secret.variable.schema.parse(content)
  return new SecretReference({ kind: 'file', path: secret.path })
}

function readSecretFile(secret: { name: string; path: string }): string {
  try {
    return readFileSync(secret.path, 'utf8').trim()
  } catch (error) {
    const reason = types.isNativeError(error) && 'code' in error ? String(error.code) : errorCode(error)
    throw new Refusal(`is to be read from ${secret.path} (${secret.name}_FILE), which failed with ${reason}`)
  }
}

function textOf(name: string, env: Environment): string | null {
  const value = env[name]?.trim()
  return value === undefined || value === '' ? null : value
}
