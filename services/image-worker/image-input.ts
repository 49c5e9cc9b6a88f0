import type { Timestamp } from '@google-cloud/firestore'
import * as z from 'zod'
import type { Character } from '#shared/documents/characters.ts'
import type { JobNames } from '#shared/jobs/job-requests.ts'

const owner = { userId: z.string(), characterId: z.string().min(1) }

/** What an image job is about. Kept in the job, so that it can go on without its event. */
export const imageInputSchema = z.discriminatedUnion('source', [
  /** A picture uploaded under `raw-uploads/`, at one generation. */
  z.object({
    source: z.literal('upload'),
    ...owner,
    bucket: z.string(),
    name: z.string(),
    generation: z.string().regex(/^\d+$/),
    uploadedAtMs: z.number(),
  }),
  /** The character's main image, for a document that asks for a showcase without an upload. */
  z.object({
    source: z.literal('main-image'),
    ...owner,
    imageUrl: z.string().nullable(),
    /** Update time of the request as Firestore said it: the same request found twice is one job. */
    requestedAt: z.string(),
    requestedAtMs: z.number(),
    /** Absent: the user, through the app. */
    askedBy: z.literal('operator').optional(),
  }),
])

export type ImageInput = z.infer<typeof imageInputSchema>

/** The wish for a showcase of the main image, as the document says it since `requestedAt`. */
export function mainImageInput(
  character: Pick<Character, 'id' | 'userId' | 'imageUrl'>,
  requestedAt: Timestamp,
  askedBy?: 'operator',
): ImageInput {
  return {
    source: 'main-image',
    userId: character.userId ?? '',
    characterId: character.id,
    imageUrl: character.imageUrl,
    requestedAt: `${requestedAt.seconds}.${String(requestedAt.nanoseconds).padStart(9, '0')}`,
    requestedAtMs: requestedAt.toMillis(),
    ...(askedBy ? { askedBy } : {}),
  }
}

export function imageKey(input: ImageInput): string {
  return input.source === 'upload'
    ? `image:${input.bucket}/${input.name}#${input.generation}`
    : `image:main:${input.characterId}#${input.requestedAt}`
}

export const imageJobNames = {
  kind: 'image',
  key: imageKey,
  subject: (input) => `characters/${input.characterId}`,
} satisfies JobNames<ImageInput>

/** The run slot of a character: which of its pictures is the current one. */
export function characterSlotPath(characterId: string): string {
  return `showcase_runs/${characterId}`
}

/** What was true of the character when the job was let in; the job ends when it no longer is. */
export const imageNoteSchema = z.object({ imageUrl: z.string().nullable() })
export type ImageNote = z.infer<typeof imageNoteSchema>
