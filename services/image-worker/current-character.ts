import type { Firestore, Transaction } from '@google-cloud/firestore'
import { type Character, readCharacter } from '#shared/documents/characters.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { ImageInput, ImageNote } from './image-input.ts'

export const characterDeleted = 'image.character-deleted'

/**
 * The character inside a transaction, if this job may still change what people see of it.
 * @throws CanceledError when it was deleted, given to somebody else, or has another main image than at admission.
 */
export async function readCurrentCharacter(
  transaction: Transaction,
  db: Firestore,
  job: { input: ImageInput; note: ImageNote },
): Promise<Character> {
  const character = await readCharacter(transaction, db, job.input.characterId)
  if (!character) throw new CanceledError({ code: characterDeleted, message: 'The character was deleted.' })
  if (character.userId !== job.input.userId) {
    throw new CanceledError({ code: 'image.owner-changed', message: 'The character belongs to another user now.' })
  }
  if (character.imageUrl !== job.note.imageUrl) {
    throw new CanceledError({ code: 'image.main-image-changed', message: 'The main image was changed.' })
  }
  return character
}
