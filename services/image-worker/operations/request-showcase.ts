import type { Firestore } from '@google-cloud/firestore'
import { type Character, isWorking } from '#shared/documents/characters.ts'
import { findCharacter, wishForShowcase } from '#shared/documents/showcase-wishes.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { liveHolder } from '#shared/jobs/live-job.ts'
import { characterSlotPath, imageJobNames, imageKey, mainImageInput } from '../image-input.ts'

export type ShowcaseRequest =
  | { kind: 'requested'; jobId: string }
  /** A job works on it already, or is about to. */
  | { kind: 'under-way'; jobId: string }
  /** It is no longer as the caller wants it to be. */
  | { kind: 'not-needed' }
  | { kind: 'refused'; code: string; message: string }

/** Each round lost means that somebody wrote the document in between. */
const rounds = 5

/**
 * Asks for a showcase of a character's main image, as an operator: the document says so first, then the job is in the
 * books. Repeated after a crash between the two it goes on with the same wish and the same job.
 */
export async function requestShowcase(
  deps: { db: Firestore; jobs: JobRequests },
  params: { characterId: string; onlyIf?: (character: Character) => boolean },
): Promise<ShowcaseRequest> {
  const { characterId, onlyIf } = params
  for (let round = 0; round < rounds; round++) {
    const character = await findCharacter(deps.db, characterId)
    if (!character) return refused('image.no-document', 'There is no such character.')
    if (character.userId === null) return refused('image.no-owner', 'The character names no owner (meta.userId).')
    if (character.imageUrl === null) return refused('image.no-picture', 'The character has no main image.')
    if (onlyIf && !onlyIf(character)) return { kind: 'not-needed' }
    if (isWorking(character.status)) return await joinWish(deps, character)
    const requestedAt = await wishForShowcase(deps.db, character)
    if (requestedAt === null) continue
    const input = mainImageInput(character, requestedAt, 'operator')
    await deps.jobs.enqueue(imageJobNames, input)
    return { kind: 'requested', jobId: jobId(imageKey(input)) }
  }
  return refused('image.changing', 'The character is being changed all the time; try again later.')
}

/** The document says that somebody is at work: is there a job, or only the wish? */
async function joinWish(deps: { db: Firestore; jobs: JobRequests }, character: Character): Promise<ShowcaseRequest> {
  const { db, jobs } = deps
  const holder = await liveHolder(db, characterSlotPath(character.id))
  if (holder !== null) return { kind: 'under-way', jobId: holder }
  const input = mainImageInput(character, character.updatedAt, 'operator')
  const id = jobId(imageKey(input))
  const isThere = (await jobRef(db, id).get()).exists
  await jobs.enqueue(imageJobNames, input)
  return { kind: isThere ? 'under-way' : 'requested', jobId: id }
}

function refused(code: string, message: string): ShowcaseRequest {
  return { kind: 'refused', code, message }
}
