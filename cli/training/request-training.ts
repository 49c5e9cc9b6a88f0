import type { ApiClient } from '../api/api-client.ts'
import { type GenerationRecord, generationAnswer, type TrainingRecord, trainingAnswer } from '../api/records.ts'
import type { CommandContext } from '../command.ts'
import { Interrupted } from '../interrupt.ts'
import { withinTimeout } from '../within-timeout.ts'
import { followTraining } from './follow.ts'
import type { PhotoFile } from './photo-files.ts'
import { TrainingDisplay } from './training-display.ts'
import { trainingReport, trainingText } from './training-text.ts'
import { uploadPhotos } from './upload-photos.ts'

/** What somebody wants trained, and whether they wait for it. */
export interface TrainingWish {
  photos: readonly PhotoFile[]
  /** Instead of photos. */
  zipUrl: string | null
  /** The rest, as the API takes it. */
  training: Record<string, unknown>
  watch: boolean
  timeoutMs: number
}

/** Uploads the photos, asks for the training and follows it. True when all went well. @throws AppError or Interrupted */
export async function requestTraining(api: ApiClient, wish: TrainingWish, context: CommandContext): Promise<boolean> {
  const { photos, zipUrl, timeoutMs } = wish
  const { output, signal } = context
  const display = new TrainingDisplay(output)
  const sizeBytes = photos.reduce((sum, photo) => sum + photo.sizeBytes, 0)
  const onProgress = (doneBytes: number) => display.showUpload(doneBytes, sizeBytes)
  const source = zipUrl === null ? { images: await upload(api, { photos, signal, onProgress }) } : { zipUrl }
  const asked = { ...wish.training, ...source }
  const { training, reused = false } = await api.post('/api/trainings', asked, trainingAnswer, signal)
  const record = { type: 'request', trainingId: training.id, photos: photos.length, sizeBytes, reused }
  const words = reused ? 'was asked for with the same photos; --force trains them again' : 'asked for'
  output.result(record, `${training.id}  ${words}`)
  if (!wish.watch) return true
  return await watch(api, training, { ...context, display, timeoutMs })
}

async function upload(api: ApiClient, params: Parameters<typeof uploadPhotos>[1]): Promise<string[]> {
  try {
    return await uploadPhotos(api, params)
  } catch (error) {
    if (!(params.signal.reason instanceof Interrupted)) throw error
    throw new Interrupted('Interrupted. No training was asked for; what is uploaded by now is removed after a day.')
  }
}

/** Follows a training and tells how it ended. True when it has made a model. */
async function watch(
  api: ApiClient,
  { id }: TrainingRecord,
  context: CommandContext & { display: TrainingDisplay; timeoutMs: number },
): Promise<boolean> {
  const { output, display, signal, timeoutMs } = context
  try {
    const training = await withinTimeout({ subject: id, timeoutMs, signal }, (until) =>
      followTraining(api, id, { signal: until, onChange: (one) => display.showTraining(one) }),
    )
    const samples = await samplesOf(api, training, signal)
    output.result({ type: 'end', ...trainingReport(training, samples) }, trainingText(output, training, samples))
    return training.status === 'succeeded'
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error
    throw new Interrupted(
      `Interrupted. The training goes on: "forge trainings ${id}" shows it, "forge trainings ${id} --cancel" ends it.`,
    )
  }
}

async function samplesOf(
  api: ApiClient,
  training: TrainingRecord,
  signal: AbortSignal,
): Promise<GenerationRecord | null> {
  if (!training.generationId) return null
  const path = `/api/generations/${encodeURIComponent(training.generationId)}`
  return (await api.get(path, generationAnswer, signal)).generation
}
