import type { Firestore } from '@google-cloud/firestore'
import { type Character, isWorking } from '#shared/documents/characters.ts'
import { allCharacters } from '#shared/documents/showcase-wishes.ts'

export interface WithoutShowcaseQuery {
  /** Also those whose last run failed for good. */
  failedToo: boolean
  /** Begin behind this document id; null for all. */
  after: string | null
}

/** Whether a character could have a showcase, has none, and nobody is at work on one. */
export function isWithoutShowcase(character: Character, query: { failedToo: boolean }): boolean {
  if (character.isProcessed || character.imageUrl === null || character.userId === null) return false
  if (isWorking(character.status)) return false
  return character.status !== 'failed' || query.failedToo
}

/**
 * Characters to be made up for, by document id. What was asked for or done since is not among them any more, so that
 * going through them again goes on where the last time ended. Every character is read: the app's old documents lack
 * the fields that a query could ask for.
 */
export async function* charactersWithoutShowcase(
  db: Firestore,
  query: WithoutShowcaseQuery,
): AsyncGenerator<Character> {
  for await (const character of allCharacters(db, query.after)) {
    if (isWithoutShowcase(character, query)) yield character
  }
}
