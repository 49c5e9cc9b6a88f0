import type { Firestore } from '@google-cloud/firestore'
import type { ResultDeps } from '#shared/objects/result-objects.ts'
import type { ReplicateClient } from '#shared/replicate/client.ts'
import type { Sleep } from '#shared/retry/sleep.ts'

/** What the work of a generation needs. */
export interface GenerationDeps extends ResultDeps {
  db: Firestore
  /** The app's. */
  bucket: string
  replicate: Pick<ReplicateClient, 'predictions' | 'outputs'>
  /** The public base URL of this service. */
  webhookUrl: string
  /** How often a prediction is asked about whose webhook has not come. */
  pollMs: number
  /** How long a prediction is looked for whose creation was not answered. */
  createSearchMs: number
  /** Replicate itself ends a prediction after so long. */
  cancelAfterMs: number
  now?: () => Date
  sleep?: Sleep
}

export function nowOf({ now }: GenerationDeps): Date {
  return now?.() ?? new Date()
}
