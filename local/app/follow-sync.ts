import type { DocumentReference } from '@google-cloud/firestore'
import { z } from 'zod'
import { type SyncProgress, syncProgressSchema } from '../../services/model-sync/app.ts'
import type { AppClients } from './clients.ts'

const modelSchema = z.object({
  syncStatus: z.string(),
  gcsUri: z.string().optional(),
  sha256: z.string().optional(),
  sizeBytes: z.number().optional(),
  syncError: z.string().optional(),
  syncErrorCode: z.string().optional(),
})

export interface SyncedModel {
  gcsUri: string
  sha256: string
  sizeBytes: number
}

/**
 * Follows a model's sync live until the app would show it as synced. `onProgress` gets what the job says in between.
 * @throws Error with the reason when it ends otherwise, or the signal's.
 */
export async function followSync(
  clients: Pick<AppClients, 'firestore'>,
  model: DocumentReference,
  options: { signal: AbortSignal; onProgress: (progress: SyncProgress) => void },
): Promise<SyncedModel> {
  const { signal, onProgress } = options
  const { promise, resolve, reject } = Promise.withResolvers<SyncedModel>()
  const stopModel = model.onSnapshot((snapshot) => {
    const found = modelSchema.safeParse(snapshot.data())
    if (!found.success) return reject(new Error('The model was deleted, or lost its status.'))
    const { syncStatus, gcsUri, sha256, sizeBytes, syncErrorCode, syncError } = found.data
    if (syncStatus === 'syncing') return
    if (gcsUri !== undefined && sha256 !== undefined && sizeBytes !== undefined && syncStatus === 'synced') {
      return resolve({ gcsUri, sha256, sizeBytes })
    }
    reject(new Error(`The sync failed (${syncErrorCode ?? syncStatus}): ${syncError ?? 'No reason was recorded.'}`))
  }, reject)
  const jobs = clients.firestore.collection('jobs').where('subject', '==', model.path)
  const stopJobs = jobs.onSnapshot((snapshot) => {
    for (const job of snapshot.docs) {
      const progress = syncProgressSchema.safeParse(job.get('progress'))
      if (progress.success) onProgress(progress.data)
    }
  }, reject)
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', abort)
    stopModel()
    stopJobs()
  }
}
