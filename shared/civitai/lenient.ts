import * as z from 'zod'

/** Remote text, or null where there is none worth the name. */
export const optionalText = z
  .string()
  .nullish()
  .catch(null)
  .transform((text) => (text === undefined || text === null || text.trim() === '' ? null : text.trim()))

/** Numbers on the wire today; strings everywhere in our documents. */
export const idText = z.union([z.int().positive(), z.string().regex(/^[1-9]\d*$/)]).transform(String)

export const optionalId = idText.nullish().catch(null).transform(orNull)

export const optionalNumber = z.number().nullish().catch(null).transform(orNull)

/** Lists have shown dates without a zone, and with two digits of a second; both are UTC (contract §3). */
export const optionalDate = z
  .string()
  .nullish()
  .catch(null)
  .transform((text) => (text === undefined || text === null ? null : parseDate(text)))

/** The entries that can be read: one odd file or version is no reason to lose the others. */
export function listOf<T>(schema: z.ZodType<T>) {
  return z
    .array(z.unknown())
    .nullish()
    .catch([])
    .transform((entries) =>
      (entries ?? []).flatMap((entry) => {
        const parsed = schema.safeParse(entry)
        return parsed.success ? [parsed.data] : []
      }),
    )
}

function orNull<T>(value: T | null | undefined): T | null {
  return value ?? null
}

function parseDate(text: string): Date | null {
  const hasZone = /(?:z|[+-]\d\d:?\d\d)$/i.test(text)
  const date = new Date(hasZone || !text.includes('T') ? text : `${text}Z`)
  return Number.isNaN(date.getTime()) ? null : date
}
