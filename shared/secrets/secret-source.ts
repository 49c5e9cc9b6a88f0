import { readFile } from 'node:fs/promises'
import type { SecretReference } from '#shared/config/secret-reference.ts'
import { cachedSecret } from './cached-secret.ts'
import { secretUnavailable } from './secret-errors.ts'

/** A secret that may change while the service runs. Ask for it each time it is used; don't keep the value. */
export interface SecretSource {
  /** The current value, without blanks around it. Throws `TransientError` or `ConfigError` with a `secret.*` code. */
  get(): Promise<string>
}

export interface SecretSourceOptions {
  now?: () => number
  /** Reads one version from Secret Manager; by default Google's client, imported on first use. */
  accessVersion?: (version: string) => Promise<string>
}

/** A mounted file is fetched from Secret Manager at every read, so a burst of requests shares one. */
const FILE_TTL_MS = 30_000
/** How late a rotated secret may be noticed: old and new are both valid during a rotation, for far longer than this. */
const MANAGER_TTL_MS = 5 * 60_000

/** Reads a configured secret from where it is: the environment, a mounted file (rotation is seen), Secret Manager. */
export function secretSource(reference: SecretReference, options: SecretSourceOptions = {}): SecretSource {
  const now = options.now ?? Date.now
  const { origin } = reference
  switch (origin.kind) {
    case 'value':
      return { get: async () => origin.value }
    case 'file':
      return cachedSecret({ read: () => readSecretFile(origin.path), ttlMs: FILE_TTL_MS, now })
    case 'manager': {
      const access = options.accessVersion ?? accessWithClient
      return cachedSecret({ read: () => access(origin.version), ttlMs: MANAGER_TTL_MS, now })
    }
    default:
      return origin satisfies never
  }
}

async function accessWithClient(version: string): Promise<string> {
  const { accessSecretVersion } = await import('./secret-manager.ts')
  return accessSecretVersion(version)
}

async function readSecretFile(path: string): Promise<string> {
  const content = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw secretUnavailable(path, cause)
  })
  // A volume whose fetch fails can read as empty; an empty key would only be refused later, by somebody else.
  if (content.trim() === '') throw secretUnavailable(path, null)
  return content.trim()
}
