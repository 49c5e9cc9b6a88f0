import {
  type DocumentReference,
  FieldValue,
  type Firestore,
  type QueryDocumentSnapshot,
  type Timestamp,
  type Transaction,
} from '@google-cloud/firestore'
import * as z from 'zod'
import { everyDocument } from './every-document.ts'
import type { Writes } from './transaction.ts'

export type ShowcaseStatus = 'idle' | 'removing-background' | 'upscaling' | 'finalizing' | 'complete' | 'failed'

/** The app shows a spinner for these: a document that stays in one looks broken for ever. */
const workingStatuses = ['removing-background', 'upscaling', 'finalizing'] as const satisfies ShowcaseStatus[]
export type WorkingStatus = (typeof workingStatuses)[number]

export function isWorking(status: string | null): status is WorkingStatus {
  return (workingStatuses as readonly (string | null)[]).includes(status)
}

/** Longer than any URL, id or status that means something: a job keeps some of them, and a document has room for one such giant only. */
const MAX_TEXT = 8_192
const text = z.string().max(MAX_TEXT).nullish().catch(null)

/** What we read of the app's `characters/{id}`. Lenient: the document is the app's, and may be of any age. */
const characterSchema = z.object({
  visuals: z
    .object({
      imageUrl: text,
      gallery: z.array(z.unknown()).nullish().catch(null),
      showcaseImageUrl: text,
      isShowcaseProcessed: z.boolean().nullish().catch(null),
      showcaseProcessingStatus: text,
    })
    .nullish()
    .catch(null),
  meta: z.object({ userId: text }).nullish().catch(null),
})

/** A character as the image worker needs it. */
export interface Character {
  id: string
  /** Null where the document names no owner: then it is nobody's, and no upload may change it. */
  userId: string | null
  imageUrl: string | null
  gallery: string[]
  showcaseImageUrl: string | null
  isProcessed: boolean
  status: string | null
  createdAt: Timestamp
  updatedAt: Timestamp
}

export function characterRef(db: Firestore, id: string): DocumentReference {
  return db.collection('characters').doc(id)
}

export function toCharacter(
  id: string,
  stored: unknown,
  times: { createdAt: Timestamp; updatedAt: Timestamp },
): Character {
  const { visuals, meta } = characterSchema.catch({ visuals: null, meta: null }).parse(stored)
  return {
    id,
    userId: meta?.userId || null,
    imageUrl: visuals?.imageUrl ?? null,
    gallery: (visuals?.gallery ?? []).filter((entry) => typeof entry === 'string'),
    showcaseImageUrl: visuals?.showcaseImageUrl ?? null,
    isProcessed: visuals?.isShowcaseProcessed ?? false,
    status: visuals?.showcaseProcessingStatus ?? null,
    ...times,
  }
}

/** The character that a query found. */
export function foundCharacter(found: QueryDocumentSnapshot): Character {
  return toCharacter(found.id, found.data(), { createdAt: found.createTime, updatedAt: found.updateTime })
}

/** The character as it is inside a transaction, or null where there is no such document. */
export async function readCharacter(transaction: Transaction, db: Firestore, id: string): Promise<Character | null> {
  const snapshot = await transaction.get(characterRef(db, id))
  const { createTime, updateTime } = snapshot
  if (!snapshot.exists || !createTime || !updateTime) return null
  return toCharacter(id, snapshot.data(), { createdAt: createTime, updatedAt: updateTime })
}

/** Characters whose status says that somebody works on them. */
export async function* workingCharacters(db: Firestore): AsyncGenerator<Character> {
  const query = db.collection('characters').where('visuals.showcaseProcessingStatus', 'in', [...workingStatuses])
  for await (const found of everyDocument(query)) yield foundCharacter(found)
}

/** Our own field beside the app's: further URLs of the showcase, by format, and by width and format. */
export interface ShowcaseVariants {
  full: Record<string, string>
  thumbnails: Record<string, Record<string, string>>
}

/** Shows that a job works on the character. What it had of variants is of the picture that is being replaced. */
export function showWorking(db: Firestore, id: string, shown: { status: WorkingStatus; jobId: string }): Writes {
  return (transaction) =>
    transaction.update(characterRef(db, id), {
      'visuals.showcaseProcessingStatus': shown.status,
      'visuals.showcaseVariants': FieldValue.delete(),
      'visuals.showcaseJobId': shown.jobId,
      'visuals.showcaseError': FieldValue.delete(),
    })
}

/** Shows the result: all that the app reads of it in one update. */
export function showComplete(
  db: Firestore,
  id: string,
  shown: { url: string; variants: ShowcaseVariants | null; jobId: string },
): Writes {
  return (transaction) =>
    transaction.update(characterRef(db, id), {
      'visuals.showcaseImageUrl': shown.url,
      'visuals.showcaseVariants': shown.variants ?? FieldValue.delete(),
      'visuals.isShowcaseProcessed': true,
      'visuals.showcaseProcessingStatus': 'complete' satisfies ShowcaseStatus,
      'visuals.showcaseJobId': shown.jobId,
      'visuals.showcaseError': FieldValue.delete(),
    })
}

/** Shows a final failure: a code, a sentence, and the job to follow. */
export function showFailed(db: Firestore, id: string, shown: { code: string; message: string; jobId: string }): Writes {
  return (transaction) =>
    transaction.update(characterRef(db, id), {
      'visuals.isShowcaseProcessed': false,
      ...failedStatus,
      'visuals.showcaseJobId': shown.jobId,
      'visuals.showcaseError': { code: shown.code, message: shown.message },
    })
}

const failedStatus = { 'visuals.showcaseProcessingStatus': 'failed' satisfies ShowcaseStatus }

/** Shows no more than that it failed, in a document without room for why: shorter than any status that says "working". */
export function showFailedBriefly(db: Firestore, character: Character): Writes {
  return (transaction) =>
    transaction.update(characterRef(db, character.id), {
      // Only where there is such a field already.
      ...(character.isProcessed ? { 'visuals.isShowcaseProcessed': false } : {}),
      ...failedStatus,
      // Of an earlier job.
      'visuals.showcaseError': FieldValue.delete(),
    })
}
