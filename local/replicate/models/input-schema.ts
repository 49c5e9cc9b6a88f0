import { type InvalidField, invalidInput } from '../refusal.ts'

/** One input of a model. */
export type InputField =
  | { kind: 'picture' }
  /** Of any other file. Required. */
  | { kind: 'url' }
  /** Required. */
  | { kind: 'prompt' }
  | { kind: 'number'; default: number; minimum: number; maximum: number }
  | { kind: 'flag'; default: boolean }
  | { kind: 'text'; default: string; oneOf?: readonly string[] }

export type InputSchema = Readonly<Record<string, InputField>>

/**
 * The input with its defaults. Throws 422. Stricter than the service in one thing: a field that is not in the schema is
 * refused.
 */
export function checkInput(schema: InputSchema, input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const invalid: InvalidField[] = []
  const checked: Record<string, unknown> = {}
  for (const name of Object.keys(input)) {
    if (!(name in schema)) {
      const description = `Additional property ${name} is not allowed`
      invalid.push({ type: 'additional_property_not_allowed', field: `input.${name}`, description })
    }
  }
  for (const [name, field] of Object.entries(schema)) {
    const value = input[name]
    if (value === undefined && 'default' in field) {
      checked[name] = field.default
      continue
    }
    const fault = faultOf(field, value)
    if (fault !== null) invalid.push({ ...fault, field: value === undefined ? 'input' : `input.${name}` })
    if (value === undefined) invalid[invalid.length - 1] = required(name)
    checked[name] = value
  }
  if (invalid.length > 0) throw invalidInput(invalid)
  return checked
}

function required(name: string): InvalidField {
  return { type: 'required', field: 'input', description: `${name} is required` }
}

function faultOf(field: InputField, value: unknown): Omit<InvalidField, 'field'> | null {
  switch (field.kind) {
    case 'picture':
    case 'url': {
      const isUrl = typeof value === 'string' && /^(https?:\/\/|data:)/.test(value)
      return isUrl ? null : { type: 'format', description: "Does not match format 'uri'" }
    }
    case 'prompt':
      return typeof value === 'string' ? null : { type: 'invalid_type', description: 'Invalid type. Expected: string' }
    case 'number': {
      if (typeof value !== 'number') return { type: 'invalid_type', description: 'Invalid type. Expected: number' }
      if (value < field.minimum) {
        return { type: 'number_gte', description: `Must be greater than or equal to ${field.minimum}` }
      }
      if (value > field.maximum) {
        return { type: 'number_lte', description: `Must be less than or equal to ${field.maximum}` }
      }
      return null
    }
    case 'flag':
      return typeof value === 'boolean'
        ? null
        : { type: 'invalid_type', description: 'Invalid type. Expected: boolean' }
    case 'text': {
      if (typeof value !== 'string') return { type: 'invalid_type', description: 'Invalid type. Expected: string' }
      const isOffered = field.oneOf === undefined || field.oneOf.includes(value)
      return isOffered ? null : { type: 'enum', description: `Must be one of ${field.oneOf?.join(', ')}` }
    }
    default:
      return field satisfies never
  }
}
