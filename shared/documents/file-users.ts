import type { Firestore } from '@google-cloud/firestore'
import { removeOwners } from './file-owners.ts'
import { type ModelFile, writeModelFile } from './model-files.ts'
import { reading } from './reading.ts'
import type { Writes } from './transaction.ts'

/** Ids of the rows whose bytes a model names, or named. @throws `documents.…` */
export async function filesUsedBy(db: Firestore, modelId: string): Promise<string[]> {
  const { docs } = await reading(db.collection('model_files').where('users', 'array-contains', modelId).get())
  return docs.map(({ id }) => id)
}

/** Takes a model off a row: the file is no longer kept for it. */
export function withoutModel(db: Firestore, file: ModelFile, modelId: string): Writes {
  const users = file.users.filter((user) => user !== modelId)
  const { file: row, count } = removeOwners(db, file, (owner) => owner === modelId)
  return (writing) => {
    writeModelFile(db, { ...row, users })(writing)
    count(writing)
  }
}
