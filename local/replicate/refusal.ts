import { z } from 'zod'

/** A field of the input that the model's schema does not accept. */
export interface InvalidField {
  type: string
  field: string
  description: string
}

/** A refusal as Replicate writes it: `application/problem+json`, keyed by `detail` (contract §1). */
export class Refusal extends Error {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>

  constructor(status: number, detail: string, more: { title?: string; invalid_fields?: InvalidField[] } = {}) {
    super(detail)
    this.name = 'Refusal'
    this.status = status
    this.body = { ...more, detail, status }
  }
}

/** 422 for inputs, in the words of the service. */
export function invalidInput(fields: InvalidField[]): Refusal {
  const detail = fields.map(({ field, description }) => `- ${field}: ${description}\n`).join('')
  return new Refusal(422, detail, { title: 'Input validation failed', invalid_fields: fields })
}

/** A creation's body. Throws 400 for what is no JSON, 422 for another shape. */
export function parseBody<T>(body: Buffer, schema: z.ZodType<T>): T {
  const asked = schema.safeParse(parseJson(body))
  if (asked.success) return asked.data
  throw new Refusal(422, z.prettifyError(asked.error), { title: 'Input validation failed' })
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new Refusal(400, 'The request body is not JSON')
  }
}
