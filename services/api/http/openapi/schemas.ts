import * as z from 'zod'
import type { JsonSchema } from './openapi.ts'

/**
 * Turns zod schemas into those of the document: a schema with an `id` of its own becomes a component and is referred to,
 * wherever it is used.
 */
export class SchemaComponents {
  readonly #schemas = new Map<string, JsonSchema>()

  /** `io`: a default makes a field optional in what is sent, and sure in what is answered. */
  add(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const made = z.toJSONSchema(schema, { io, target: 'draft-2020-12', override: leaveOutNoise })
    const { $schema: _dialect, $defs = {}, ...root } = atComponents(made)
    for (const [id, definition] of Object.entries($defs as Record<string, JsonSchema>)) this.#register(id, definition)
    return root
  }

  get schemas(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  #register(id: string, schema: JsonSchema): void {
    const known = this.#schemas.get(id)
    // One name, one shape: what has defaults looks different in a request and in an answer, and needs two names.
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`Two schemas of the API are called ${id}.`)
    }
    this.#schemas.set(id, schema)
  }
}

/** The format says what the pattern says, and JavaScript's own bounds of a whole number help nobody. */
function leaveOutNoise({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
}

/** zod puts definitions beside each schema; the document has one place for all. */
function atComponents(schema: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Record<string, unknown>
}
