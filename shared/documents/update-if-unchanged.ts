import type { DocumentData, DocumentReference, Timestamp, UpdateData } from '@google-cloud/firestore'
import { documentsError, isPreconditionFailed } from './firestore.ts'

/**
 * Updates a document that is still as it was seen.
 * @returns its new update time, or null when somebody has written it since, or deleted it.
 */
export async function updateIfUnchanged(
  ref: DocumentReference,
  change: UpdateData<DocumentData>,
  seen: { updatedAt: Timestamp },
): Promise<Timestamp | null> {
  try {
    return (await ref.update(change, { lastUpdateTime: seen.updatedAt })).writeTime
  } catch (error) {
    if (isPreconditionFailed(error)) return null
    throw documentsError(error)
  }
}
