import { documentsError } from './firestore.ts'

/** A read outside a transaction, its failure told in our words: what passes is a 503, not a 500. @throws as `documentsError` says */
export async function reading<T>(read: Promise<T>): Promise<T> {
  try {
    return await read
  } catch (error) {
    throw documentsError(error)
  }
}
