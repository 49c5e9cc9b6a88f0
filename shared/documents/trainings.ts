import {
  type DocumentReference,
  FieldPath,
  FieldValue,
  type Firestore,
  type Timestamp,
  type Transaction,
} from '@google-cloud/firestore'
import { everyDocument } from './every-document.ts'
import type { TrainingStage, TrainingStatus, TrainingType } from './training-states.ts'
import type { Writes } from './transaction.ts'

export type { TrainingStage, TrainingStatus, TrainingType }

/** What a person may choose of the trainer's inputs (contract replicate.md §4). */
export interface TrainingOptions {
  triggerWord: string
  steps: number
  learningRate: number
  batchSize: number
  /** As the trainer wants it: `512,768,1024`. */
  resolution: string
  loraRank: number
  autocaption: boolean
  autocaptionPrefix: string | null
  captionDropoutRate: number
  optimizer: string
}

/** `trainings/{id}`: one training, as its owner may see it. */
export interface Training {
  id: string
  userId: string
  /** From the ID token when it was asked for; null where the token proves none. */
  email: string | null
  name: string
  type: TrainingType
  options: TrainingOptions
  status: TrainingStatus
  stage: TrainingStage
  /** 0 to 1, while the run says so. */
  progress: number | null
  /** Of the photos' hashes and the options: the same input asked again is offered this training. Null until the photos are known. */
  inputHash: string | null
  photoCount: number | null
  zipSizeBytes: number | null
  /** `owner/name:version` of the trainer. */
  trainer: string
  /** `owner/name`: where the trained version goes. */
  destination: string | null
  /** Of the run at Replicate; null until its creation is answered, or it is found. */
  replicateTrainingId: string | null
  /** `models/{id}`, once it is registered. */
  modelId: string | null
  /** `generations/{id}` of its sample pictures. */
  generationId: string | null
  error: { code: string; message: string } | null
  cancelRequestedAt: Timestamp | null
  /** Of the job to follow: its start, then its finish. */
  jobId: string
  createdAt: Timestamp
  updatedAt: Timestamp
  finishedAt: Timestamp | null
}

/** A training that will not change any more. */
export function isTrainingOver({ status }: Pick<Training, 'status'>): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'canceled'
}

export function trainingRef(db: Firestore, id: string): DocumentReference {
  return db.collection('trainings').doc(id)
}

/** Reads a training, inside a transaction or as it is now. The cast is safe: only the functions of this file write the collection. */
export async function readTraining(
  transaction: Transaction | null,
  db: Firestore,
  id: string,
): Promise<Training | null> {
  const ref = trainingRef(db, id)
  const snapshot = await (transaction ? transaction.get(ref) : ref.get())
  return snapshot.exists ? ({ ...snapshot.data(), id } as Training) : null
}

/** Writes a new training; the transaction fails where its id is taken. */
export function createTraining(db: Firestore, training: Training): Writes {
  return (transaction) => transaction.create(trainingRef(db, training.id), training)
}

/** Changes of a training; those of its identity are not among them. */
export type TrainingChange = Partial<Omit<Training, 'id' | 'userId' | 'createdAt' | 'updatedAt'>>

export function updateTraining(db: Firestore, id: string, change: TrainingChange): Writes {
  return (transaction) =>
    transaction.update(trainingRef(db, id), { ...change, updatedAt: FieldValue.serverTimestamp() })
}

/** Where a page begins: behind this training. With the id, for two may begin in one moment. */
export type TrainingCursor = Pick<Training, 'createdAt' | 'id'>

/** A user's trainings, the newest first, a page from behind `before` on. Needs the composite index `trainings(userId, createdAt desc)`. */
export async function listTrainings(
  db: Firestore,
  page: { userId: string; limit: number; before: TrainingCursor | null },
): Promise<Training[]> {
  let query = db
    .collection('trainings')
    .where('userId', '==', page.userId)
    .orderBy('createdAt', 'desc')
    .orderBy(FieldPath.documentId(), 'desc')
  if (page.before) query = query.startAfter(page.before.createdAt, page.before.id)
  const { docs } = await query.limit(page.limit).get()
  return docs.map((snapshot) => ({ ...snapshot.data(), id: snapshot.id }) as Training)
}

/** Every training with one of these statuses, in no order that means anything. */
export async function* trainingsIn(db: Firestore, statuses: readonly TrainingStatus[]): AsyncGenerator<Training> {
  const query = db.collection('trainings').where('status', 'in', [...statuses])
  for await (const snapshot of everyDocument(query)) yield { ...snapshot.data(), id: snapshot.id } as Training
}

/** Trainings of a user with the same input, of any status and age; few, for they are bounded by the daily quota. */
export async function trainingsOfInput(
  transaction: Transaction | null,
  db: Firestore,
  input: { userId: string; inputHash: string },
): Promise<Training[]> {
  const query = db.collection('trainings').where('userId', '==', input.userId).where('inputHash', '==', input.inputHash)
  const { docs } = await (transaction ? transaction.get(query) : query.get())
  return docs.map((snapshot) => ({ ...snapshot.data(), id: snapshot.id }) as Training)
}
