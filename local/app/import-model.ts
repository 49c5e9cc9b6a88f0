import { type DocumentReference, Timestamp } from '@google-cloud/firestore'
import type { AppClients } from './clients.ts'

/**
 * Does what the app does when somebody imports a model of CivitAI's and then presses "Sync now". The engine, and in
 * `hf_id` a base model that is merely suggested, are what the app writes.
 */
export async function importModel(
  clients: Pick<AppClients, 'firestore'>,
  model: { name: string; civitaiModelId: number; versionId: number },
): Promise<DocumentReference> {
  const document = clients.firestore.collection('ai_models').doc()
  const now = Timestamp.now()
  await document.create({
    name: model.name,
    type: 'model',
    engine: 'huggingface',
    hf_id: 'stabilityai/stable-diffusion-xl-base-1.0',
    civitaiModelId: String(model.civitaiModelId),
    versionId: String(model.versionId),
    createdAt: now,
    updatedAt: now,
    userId: 'local-user',
    syncStatus: 'notsynced',
  })
  await document.update({ syncStatus: 'syncing' })
  return document
}
