import * as z from 'zod'
import type { SecretReference } from '#shared/config/secret-reference.ts'
import { secretSource } from './secret-source.ts'

const keySchema = z.object({ client_email: z.string(), private_key: z.string() })

/** The parts of a service account key that Google's clients take, or null where none is configured. */
export async function serviceAccountKey(reference: SecretReference | null): Promise<z.infer<typeof keySchema> | null> {
  if (!reference) return null
  return keySchema.parse(JSON.parse(await secretSource(reference).get()))
}
