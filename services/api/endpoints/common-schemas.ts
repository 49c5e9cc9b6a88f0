import * as z from 'zod'

/** An id of ours, as it stands in a path or a body. Anything else names nothing, and is no document id for Firestore. */
export const idSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'Give an id of lower-case letters, digits and dashes.')
  .meta({ examples: ['k3v7q2m5x4wz6a2b7c5d'] })

export const idParams = z.strictObject({ id: idSchema })

/** What makes a request that is sent twice count once. */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'Give 1 to 255 printable ASCII characters.')
    .optional()
    .describe('The same key sent again by the same user is answered with what the first request began.'),
})

export const timeSchema = z.iso.datetime().meta({ examples: ['2026-03-01T12:00:00.000Z'] })

/** Why something failed: a stable code, and a sentence for its owner. */
export const failureSchema = z
  .strictObject({ code: z.string(), message: z.string() })
  .meta({ id: 'Failure', description: 'A stable code and a sentence for the owner.' })

/** Control characters have no place in what is shown and mailed; half characters are none, and Firestore takes none. */
export const printable = /^[^\p{Cc}\p{Cs}]*$/u

export function textSchema(length: { min: number; max: number }) {
  return z.string().trim().min(length.min).max(length.max).regex(printable, 'Control characters are not taken.')
}
