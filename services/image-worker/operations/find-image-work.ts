import type { Firestore } from '@google-cloud/firestore'
import { type Character, workingCharacters } from '#shared/documents/characters.ts'
import { isTerminal, jobId, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { type ImageInput, imageKey, mainImageInput } from '../image-input.ts'

/** A character that asks for a showcase and has no job. */
export interface ImageWorkFound {
  jobId: string
  input: ImageInput
  /** Not before this. */
  dueAt: Date
}

const pageSize = 100

/**
 * Finds characters whose status says that somebody is at work, without a live job (`liveCharacterIds` have one): for whoever
 * gets no events. A reprocess sets the status first and uploads afterwards; for `patienceMs` such a character is left to the
 * event of its upload.
 */
export async function findImageWork(
  db: Firestore,
  params: { liveCharacterIds: ReadonlySet<string>; patienceMs: number },
): Promise<ImageWorkFound[]> {
  const { liveCharacterIds, patienceMs } = params
  const found: ImageWorkFound[] = []
  for await (const character of allWorking(db)) {
    if (liveCharacterIds.has(character.id)) continue
    const input = mainImageInput(character, character.updatedAt)
    const id = jobId(imageKey(input))
    const job = toJobRecord(await jobRef(db, id).get())
    // What has ended is not begun again; it is for a person to look at.
    if (job !== null && isTerminal(job.state)) continue
    found.push({ jobId: id, input, dueAt: new Date(character.updatedAt.toMillis() + patienceMs) })
  }
  return found
}

async function* allWorking(db: Firestore): AsyncGenerator<Character> {
  let after: string | null = null
  do {
    const page: Character[] = await workingCharacters(db, { limit: pageSize, after })
    yield* page
    after = page.length === pageSize ? (page.at(-1)?.id ?? null) : null
  } while (after !== null)
}
