import { Refusal, type Schema } from './schema.ts'
import { SecretReference } from './secret-reference.ts'
import type { Program, Variable } from './variable.ts'

const MANAGER_PREFIX = 'sm://'
const MANAGER_VERSION = /^projects\/[^/]+\/secrets\/[^/]+\/versions\/[^/]+$/

/**
 * A secret that may be absent: its value as text, `sm://projects/P/secrets/S/versions/V` (read from Secret Manager),
 * or a path in `NAME_FILE`. `check` refuses a value that cannot be right; it runs at start for text and files.
 */
export function optionalSecret<const S extends Program>(init: {
  description: string
  services: readonly S[]
  example: string
  expects: string
  check?: (value: string) => void
}): Variable<SecretReference, 'optional', S> {
  const schema: Schema<SecretReference> = {
    expects: `${init.expects}, or ${MANAGER_PREFIX}projects/P/secrets/S/versions/V`,
    parse(value) {
      if (value.startsWith(MANAGER_PREFIX)) {
        const version = value.slice(MANAGER_PREFIX.length)
        if (!MANAGER_VERSION.test(version)) throw new Refusal('names no version of a secret')
        return new SecretReference({ kind: 'manager', version })
      }
      init.check?.(value)
      return new SecretReference({ kind: 'value', value })
    },
  }
  const { description, services, example } = init
  return {
    schema,
    presence: 'optional',
    default: null,
    description,
    services,
    setBy: 'deployment',
    secret: true,
    example,
  }
}
