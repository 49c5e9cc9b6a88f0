import {
  type DocumentReference,
  FieldValue,
  type Firestore,
  type Timestamp,
  type Transaction,
} from '@google-cloud/firestore'
import { everyDocument } from './every-document.ts'
import type { Writes } from './transaction.ts'

const generationStatuses = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const
export type GenerationStatus = (typeof generationStatuses)[number]

/** A picture that lies in the app's bucket. */
export interface GeneratedImage {
  /** Of the prompt that it was made of. */
  index: number
  prompt: string
  /** What a browser can load. */
  url: string
  bucket: string
  name: string
  generation: string
  contentType: string
  sizeBytes: number
}

/** `generations/{id}`: pictures made with a trained model, one for each prompt. */
export interface Generation {
  id: string
  userId: string
  /** `models/{id}`. */
  modelId: string
  /** Set: these are the sample pictures of that training; they count against no quota. */
  trainingId: string | null
  /** `owner/name:version`, what is run. */
  version: string
  prompts: string[]
  status: GenerationStatus
  /** Those that are there; on a failure the ones before it. */
  images: GeneratedImage[]
  error: { code: string; message: string } | null
  jobId: string
  createdAt: Timestamp
  updatedAt: Timestamp
  finishedAt: Timestamp | null
}

export function isGenerationOver({ status }: Pick<Generation, 'status'>): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'canceled'
}

export function generationRef(db: Firestore, id: string): DocumentReference {
  return db.collection('generations').doc(id)
}

/** Reads a generation. The cast is safe: only the functions of this file write the collection. */
export async function readGeneration(
  transaction: Transaction | null,
  db: Firestore,
  id: string,
): Promise<Generation | null> {
  const ref = generationRef(db, id)
  const snapshot = await (transaction ? transaction.get(ref) : ref.get())
  return snapshot.exists ? ({ ...snapshot.data(), id } as Generation) : null
}

/** Every generation with one of these statuses, in no order that means anything. */
export async function* generationsIn(db: Firestore, statuses: readonly GenerationStatus[]): AsyncGenerator<Generation> {
  const query = db.collection('generations').where('status', 'in', [...statuses])
  for await (const snapshot of everyDocument(query)) yield { ...snapshot.data(), id: snapshot.id } as Generation
}

/** Writes a new generation; the transaction fails where its id is taken. */
export function createGeneration(db: Firestore, generation: Generation): Writes {
  return (transaction) => transaction.create(generationRef(db, generation.id), generation)
}

export type GenerationChange = Partial<Omit<Generation, 'id' | 'userId' | 'createdAt' | 'updatedAt'>>

export function updateGeneration(db: Firestore, id: string, change: GenerationChange): Writes {
  return (transaction) =>
    transaction.update(generationRef(db, id), { ...change, updatedAt: FieldValue.serverTimestamp() })
}
