import { FieldValue, type Firestore, type Transaction } from '@google-cloud/firestore'
import { modelRef } from '../../documents/models.ts'
import { type RegisteredModel, registryFields, searchKeys, toRegistered } from '../../documents/registered-models.ts'
import { runTransaction } from '../../documents/transaction.ts'

/** What people may say of a model themselves; what is not there stays. */
export interface ModelChange {
  name?: string | undefined
  description?: string | null | undefined
  tags?: readonly string[] | undefined
  triggerWords?: readonly string[] | undefined
  recommendedWeight?: number | null | undefined
}

/** Looks at the model before anything is done to it; throws where that may not be. Null: there is no such document. */
export type Admit = (model: RegisteredModel | null) => RegisteredModel

/** Changes what a registered model says; one without our map gets it. Throws what `admit` throws, `documents.…`. */
export async function changeRegistered(
  db: Firestore,
  wish: { modelId: string; change: ModelChange; admit: Admit },
): Promise<void> {
  const { modelId, change, admit } = wish
  await runTransaction(db, async (transaction) => {
    const { model, userId, isIndexed } = admit(await read(transaction, db, modelId))
    const { name, triggerWords, ...said } = change
    const next = {
      ...model,
      name: name ?? model.name,
      description: said.description === undefined ? model.description : said.description,
      tags: [...(said.tags ?? model.tags)],
      triggerWords: [...(triggerWords ?? model.triggerWords)],
      recommendedWeight: said.recommendedWeight === undefined ? model.recommendedWeight : said.recommendedWeight,
    }
    const { description, tags, recommendedWeight } = next
    const registry = isIndexed
      ? { description, tags, recommendedWeight, ...searchKeys(next, userId) }
      : registryFields(next, userId)
    transaction.update(modelRef(db, modelId), {
      ...(name === undefined ? {} : { name }),
      ...(triggerWords === undefined ? {} : { triggerWords: next.triggerWords }),
      // By path: what else is in the map stays, whoever writes it at this moment.
      ...Object.fromEntries(Object.entries(registry).map(([field, value]) => [`registry.${field}`, value])),
      updatedAt: FieldValue.serverTimestamp(),
    })
  })
}

async function read(transaction: Transaction, db: Firestore, modelId: string): Promise<RegisteredModel | null> {
  return toRegistered(await transaction.get(modelRef(db, modelId)))
}
