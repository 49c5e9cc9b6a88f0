import { inspect } from 'node:util'

/** Where a secret's value is. */
export type SecretOrigin =
  | { kind: 'value'; value: string }
  /** A file, as Cloud Run mounts a secret; it changes when the secret is rotated. */
  | { kind: 'file'; path: string }
  /** A version's resource name in Secret Manager: `projects/p/secrets/s/versions/latest`. */
  | { kind: 'manager'; version: string }

/**
 * A configured secret. Holds the origin and shows nothing of it: printing, logging or serialising a configuration by
 * mistake gives `[secret]`. `secretSource` of shared/secrets reads it.
 */
export class SecretReference {
  readonly #origin: SecretOrigin

  constructor(origin: SecretOrigin) {
    this.#origin = origin
  }

  /** For shared/secrets only. */
  get origin(): SecretOrigin {
    return this.#origin
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
