import type { Firestore } from '@google-cloud/firestore'
import { reading } from '../../documents/reading.ts'
import { registeredByKey } from '../../documents/registered-model-queries.ts'
import type { RegisteredModel } from '../../documents/registered-models.ts'
import { sourceKey } from '../model/registry-id.ts'
import type { RegistryModel } from '../model/registry-model.ts'

/** The records with what the registry says of their versions: of the user's own models and the system's. */
export async function markRegistered(
  db: Firestore,
  params: { models: readonly RegistryModel[]; uid: string },
): Promise<RegistryModel[]> {
  const { models, uid } = params
  const keys = models.filter(({ registered }) => registered === null).map(sourceKey)
  if (keys.length === 0) return [...models]
  const known = await reading(registeredByKey(db, { keys, uid }))
  return models.map((model) => {
    const own = model.registered === null ? closest(known.get(sourceKey(model)) ?? [], model.id) : null
    return own === null
      ? model
      : { ...model, registered: own.model.registered, gcsUri: model.gcsUri ?? own.model.gcsUri }
  })
}

/** Of registered models of one version the one that is meant: of the same file, then one that is there, then one of one's own. */
export function closest(candidates: readonly RegisteredModel[], id: string): RegisteredModel | null {
  const rank = ({ model, userId }: RegisteredModel): number =>
    (model.id.toLowerCase() === id.toLowerCase() ? 4 : 0) + (model.gcsUri === null ? 0 : 2) + (userId === null ? 0 : 1)
  return candidates.toSorted((a, b) => rank(b) - rank(a))[0] ?? null
}
