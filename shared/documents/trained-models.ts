import type { DocumentReference, Firestore, Timestamp, Transaction } from '@google-cloud/firestore'
import type { TrainingType } from './trainings.ts'
import type { Writes } from './transaction.ts'

/** `models/{id}`: a model that a user has trained. The id is its training's. */
export interface TrainedModel {
  id: string
  userId: string
  trainingId: string
  name: string
  type: TrainingType
  triggerWord: string
  /** `owner/name` at Replicate. */
  replicate_model_id: string
  /** 64 hex characters; with the model what a prediction runs. */
  replicate_version_id: string
  baseModel: string
  /** Our copy of the weights: `gs://bucket/trained/{uid}/{id}/lora.safetensors`. */
  gcsUri: string
  /** Of the weights, lower-case hex. */
  sha256: string
  sizeBytes: number
  createdAt: Timestamp
}

export function trainedModelRef(db: Firestore, id: string): DocumentReference {
  return db.collection('models').doc(id)
}

/** The cast is safe for what `saveTrainedModel` wrote; a row of the app's own (it has the collection too) lacks fields and is none. */
export async function readTrainedModel(
  transaction: Transaction | null,
  db: Firestore,
  id: string,
): Promise<TrainedModel | null> {
  const ref = trainedModelRef(db, id)
  const snapshot = await (transaction ? transaction.get(ref) : ref.get())
  return snapshot.get('trainingId') === id ? ({ ...snapshot.data(), id } as TrainedModel) : null
}

export function saveTrainedModel(db: Firestore, model: TrainedModel): Writes {
  return (transaction) => transaction.set(trainedModelRef(db, model.id), model, { merge: true })
}
