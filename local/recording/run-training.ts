import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiClient, createApiClient } from '../../cli/api/api-client.ts'
import { type TrainingRecord, trainingAnswer } from '../../cli/api/records.ts'
import { followTraining } from '../../cli/training/follow.ts'
import { findPhotos } from '../../cli/training/photo-files.ts'
import { uploadPhotos } from '../../cli/training/upload-photos.ts'
import { drawDemoPhotos } from '../app/demo-photos.ts'
import { checkTrainingEnd } from '../app/training-end.ts'
import { signInLocally } from '../identity/local-user.ts'
import type { RecordedCloud } from './recorded-cloud.ts'

/** The API of a recorded cloud, as its user. */
export function recordedApi({ cloud, urlOf }: RecordedCloud): ApiClient {
  return createApiClient({ baseUrl: urlOf('api'), isLocal: true, token: () => signInLocally(cloud.identity) })
}

/** One training from photos to the model, its sample pictures and the mail, as `npm run demo:train` does it. */
export async function runTraining(
  recorded: RecordedCloud,
  options: { signal: AbortSignal },
): Promise<{ training: TrainingRecord; photos: number; photoBytes: number }> {
  const { signal } = options
  const folder = await mkdtemp(join(tmpdir(), 'recorded-training-'))
  const api = recordedApi(recorded)
  try {
    await drawDemoPhotos(folder)
    const photos = await findPhotos(folder, '')
    const images = await uploadPhotos(api, { photos, signal, onProgress: () => undefined })
    const wish = { name: 'Recorded', type: 'woman', images }
    const { training } = await api.post('/api/trainings', wish, trainingAnswer, signal)
    const ended = await followTraining(api, training.id, { signal, onChange: () => undefined })
    if (ended.status !== 'succeeded') throw new Error(`The training ${ended.status}: ${ended.error?.message}`)
    await checkTrainingEnd(recorded.clients, ended, signal)
    const photoBytes = photos.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    return { training: ended, photos: photos.length, photoBytes }
  } finally {
    api.close()
    await rm(folder, { recursive: true, force: true })
  }
}
