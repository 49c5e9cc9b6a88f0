import { ConfigError, TransientError } from '#shared/errors/app-error.ts'

/** The secret can't be read now; `name` is the file or the version, never the value. */
export function secretUnavailable(name: string, cause: unknown): TransientError {
  return new TransientError({
    code: 'secret.unavailable',
    message: `The secret ${name} cannot be read at the moment.`,
    facts: { secret: name },
    ...(cause === null ? {} : { cause }),
  })
}

/** Our account may not read the secret. */
export function secretDenied(version: string, cause: unknown): ConfigError {
  return new ConfigError({
    code: 'secret.denied',
    message: `The service's account may not read ${version}; grant it roles/secretmanager.secretAccessor on that secret.`,
    facts: { secret: version },
    cause,
  })
}

/** The version does not exist, is disabled or destroyed. */
export function secretMissing(version: string, cause: unknown): ConfigError {
  return new ConfigError({
    code: 'secret.missing',
    message: `There is no enabled secret version ${version}; add one or correct the variable.`,
    facts: { secret: version },
    cause,
  })
}
