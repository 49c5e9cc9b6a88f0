import { type Character, isWorking } from '#shared/documents/characters.ts'
import type { Admission } from '#shared/jobs/definition.ts'
import { objectNameInUrl } from '#shared/objects/object-url.ts'
import { characterSlotPath, type ImageInput, type ImageNote } from './image-input.ts'

export interface AdmissionFacts {
  input: ImageInput
  character: Character | null
  nowMs: number
  /** When the job was first asked for. */
  jobCreatedMs: number
}

export interface AdmissionRules {
  /** How long an upload may be ahead of its document. */
  noDocumentMs: number
  jobsPerHour: number
  /** Runs that one user may begin on one day (UTC); 0 for as many as they like. */
  imagesPerDay: number
}

/**
 * Decides whether a picture becomes a showcase (the app's contract, "Images"): the document must be there and be
 * the uploader's, and the picture must be the main image, the copy that a reprocess uploads, or simply new.
 */
export function admitImage(facts: AdmissionFacts, rules: AdmissionRules): Admission {
  const { input, character } = facts
  if (!character) return withoutDocument(facts, rules)
  if (character.userId === null) {
    return {
      kind: 'end',
      state: 'failed',
      code: 'image.no-owner',
      message: 'The character names no owner (meta.userId).',
    }
  }
  if (character.userId !== input.userId) {
    return {
      kind: 'end',
      state: 'failed',
      code: 'image.owner-mismatch',
      message: 'The picture was uploaded under a user who does not own the character.',
    }
  }
  if (input.source === 'main-image' && input.imageUrl === null) {
    return { kind: 'end', state: 'failed', code: 'image.no-picture', message: 'The character has no main image.' }
  }
  const unwanted = input.source === 'upload' ? unwantedUpload(input, character) : unwantedRequest(input, character)
  if (unwanted) return { kind: 'end', state: 'canceled', ...unwanted }
  return {
    kind: 'run',
    note: { imageUrl: character.imageUrl } satisfies ImageNote,
    slot: {
      path: characterSlotPath(character.id),
      order:
        input.source === 'upload'
          ? { name: `${input.bucket}/${input.name}`, timeMs: input.uploadedAtMs, generation: input.generation }
          : { name: input.requestedAt, timeMs: input.requestedAtMs, generation: '0' },
      jobsPerHour: rules.jobsPerHour,
    },
  }
}

/** The app uploads first and creates the document afterwards, so its absence means "not yet" for a while. */
function withoutDocument(facts: AdmissionFacts, rules: AdmissionRules): Admission {
  const waitedMs = facts.nowMs - facts.jobCreatedMs
  if (facts.input.source === 'main-image') {
    return { kind: 'end', state: 'canceled', code: 'image.character-deleted', message: 'The character was deleted.' }
  }
  if (waitedMs >= rules.noDocumentMs) {
    return {
      kind: 'end',
      state: 'failed',
      code: 'image.no-document',
      message: `No character document appeared within ${Math.round(rules.noDocumentMs / 1000)} s of the upload.`,
    }
  }
  return {
    kind: 'wait',
    code: 'image.no-document-yet',
    message: 'The character document is not there yet.',
    retryAt: new Date(facts.nowMs + Math.min(60_000, 5_000 + waitedMs / 2)),
  }
}

type Unwanted = { code: string; message: string } | null

function unwantedUpload(input: Extract<ImageInput, { source: 'upload' }>, character: Character): Unwanted {
  const names = (url: string) => objectNameInUrl(url, input.bucket) === input.name
  if (character.imageUrl !== null && names(character.imageUrl)) return null
  if (character.gallery.some(names)) {
    return { code: 'image.gallery-only', message: 'The picture belongs to the gallery and is not the main image.' }
  }
  if (isWorking(character.status)) return null
  // A reprocess asks (status) before it uploads. An idle document that existed before the upload and was changed after
  // it says that the wish was taken back: the main image was changed while this event was on its way.
  const changedSince =
    character.createdAt.toMillis() < input.uploadedAtMs && character.updatedAt.toMillis() > input.uploadedAtMs
  if (character.status === 'idle' && changedSince) {
    return { code: 'image.not-wanted', message: 'The main image was changed after this upload.' }
  }
  return null
}

function unwantedRequest(input: Extract<ImageInput, { source: 'main-image' }>, character: Character): Unwanted {
  if (!isWorking(character.status))
    return { code: 'image.not-wanted', message: 'Nobody waits for a showcase any more.' }
  if (character.imageUrl !== input.imageUrl)
    return { code: 'image.main-image-changed', message: 'The main image was changed.' }
  return null
}
