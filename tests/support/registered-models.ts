import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { registryFields } from '#shared/documents/registered-models.ts'
import { BASE_MODELS } from '#shared/registry/model/base-models.ts'
import { MODEL_TYPES } from '#shared/registry/model/model-types.ts'
import type { RegistryModel } from '#shared/registry/model/registry-model.ts'
import { sample } from '../unit/shared/registry/samples.ts'
import { seededRandom } from './seeded-random.ts'

/** A registered model to be put: its document is `m{index}`, and the later ones were registered later. */
export interface PutModel {
  id: string
  model: RegistryModel
  userId: string | null
  createdAt: Timestamp
}

const WORDS = ['anime', 'photo', 'real', 'dream', 'ink', 'neon', 'cat', 'castle', 'forest', 'robot', 'pixel', 'retro']

/** Registered models of all kinds, the same ones every time; every third is `uid`'s, every fourth another user's. */
export function variedModels(count: number, uid: string): PutModel[] {
  const random = seededRandom(11)
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  return Array.from({ length: count }, (_, index) => {
    const words = [pick(WORDS), pick(WORDS), `nr${index}`]
    const isLocal = random() < 0.2
    const sourceId = isLocal ? `m${index}` : String(index)
    return {
      id: `m${index}`,
      userId: index % 3 === 0 ? uid : index % 4 === 0 ? 'somebody-else' : null,
      createdAt: Timestamp.fromMillis(Date.parse('2026-01-01') + index * 1000),
      model: sample({
        id: isLocal ? `local:${sourceId}` : `civitai:${index}@${index}`,
        source: isLocal ? 'local' : 'civitai',
        sourceId,
        sourceVersionId: isLocal ? null : String(index),
        name: words.join(' '),
        type: pick(MODEL_TYPES.slice(0, 5)),
        baseModel: random() < 0.1 ? null : pick(BASE_MODELS.slice(0, 8)),
        tags: [pick(WORDS), `${pick(WORDS)} style`],
        creator: pick(['ann', 'ben', 'eve']),
        // Few values, so that many are equal; and some that nobody knows.
        likeCount: random() < 0.2 ? null : Math.floor(random() * 20),
        downloadCount: random() < 0.2 ? null : Math.floor(random() * 20),
        rating: random() < 0.2 ? null : Math.floor(random() * 10) / 2,
        isNsfw: random() < 0.2,
        createdAt: random() < 0.2 ? null : new Date(Date.parse('2025-01-01') + Math.floor(random() * 20) * 86_400_000),
      }),
    }
  })
}

/** Writes them as registering does. */
export async function putModels(db: Firestore, models: readonly PutModel[]): Promise<void> {
  // Far quicker than a BulkWriter, which sends twenty at a time.
  for (let start = 0; start < models.length; start += 500) {
    const batch = db.batch()
    for (const one of models.slice(start, start + 500)) batch.set(db.doc(`ai_models/${one.id}`), documentOf(one))
    await batch.commit()
  }
}

function documentOf({ id, model, userId, createdAt }: PutModel): Record<string, unknown> {
  const isLocal = model.source === 'local'
  return {
    name: model.name,
    type: model.type === 'lora' ? 'lora' : 'model',
    ...(isLocal
      ? { engine: 'url', sourceUrl: `https://files.example.com/${id}` }
      : { engine: 'civitai', civitaiModelId: model.sourceId, versionId: model.sourceVersionId }),
    userId,
    syncStatus: 'notsynced',
    createdAt,
    registry: registryFields(model, userId),
  }
}
