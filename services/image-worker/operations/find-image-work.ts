import type { Firestore } from '@google-cloud/firestore'
import { workingCharacters } from '#shared/documents/characters.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { hasEnded } from '#shared/jobs/live-job.ts'
import { type ImageInput, imageKey, mainImageInput } from '../image-input.ts'

/** A character that asks for a showcase and has no job. */
export interface ImageWorkFound {
  jobId: string
  input: ImageInput
  /** Not before this. */
  dueAt: Date
}

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
  for await (const character of workingCharacters(db)) {
    if (liveCharacterIds.has(character.id)) continue
    const input = mainImageInput(character, character.updatedAt)
    const id = jobId(imageKey(input))
    // What has ended is not begun again; it is for a person to look at.
    if (await hasEnded(db, id)) continue
    found.push({ jobId: id, input, dueAt: new Date(character.updatedAt.toMillis() + patienceMs) })
  }
  return found
}
