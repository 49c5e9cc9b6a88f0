import { FieldValue, type Firestore, type Timestamp } from '@google-cloud/firestore'
import { type Character, characterRef, foundCharacter, type ShowcaseStatus, toCharacter } from './characters.ts'
import { everyDocument } from './every-document.ts'
import type { Writes } from './transaction.ts'
import { updateIfUnchanged } from './update-if-unchanged.ts'

/** The character as it is now, outside a transaction; null where there is no such document. */
export async function findCharacter(db: Firestore, id: string): Promise<Character | null> {
  const snapshot = await characterRef(db, id).get()
  const { createTime, updateTime } = snapshot
  if (!snapshot.exists || !createTime || !updateTime) return null
  return toCharacter(id, snapshot.data(), { createdAt: createTime, updatedAt: updateTime })
}

/** Every character, by document id, with no more of it than `Character` has; `after`: those behind that id only. */
export async function* allCharacters(db: Firestore, after: string | null = null): AsyncGenerator<Character> {
  const query = db.collection('characters').select('visuals', 'meta')
  for await (const found of everyDocument(query, { after, pageSize: 200 })) yield foundCharacter(found)
}

/**
 * Writes the wish for a showcase as the app's "process" button does.
 * @returns the update time that names the wish, or null when the document is no longer as `seen`.
 */
export async function wishForShowcase(db: Firestore, seen: Character): Promise<Timestamp | null> {
  const wish = {
    'visuals.isShowcaseProcessed': false,
    'visuals.showcaseImageUrl': null,
    'visuals.showcaseVariants': FieldValue.delete(),
    'visuals.showcaseProcessingStatus': 'removing-background' satisfies ShowcaseStatus,
    'visuals.showcaseError': FieldValue.delete(),
  }
  return await updateIfUnchanged(characterRef(db, seen.id), wish, seen)
}

/** Shows no showcase and nobody at work on one: what the app itself writes when the main image is changed. */
export function showNoShowcase(db: Firestore, id: string): Writes {
  return (transaction) =>
    transaction.update(characterRef(db, id), {
      'visuals.isShowcaseProcessed': false,
      'visuals.showcaseImageUrl': null,
      'visuals.showcaseVariants': FieldValue.delete(),
      'visuals.showcaseProcessingStatus': 'idle' satisfies ShowcaseStatus,
      'visuals.showcaseJobId': FieldValue.delete(),
      'visuals.showcaseError': FieldValue.delete(),
    })
}
