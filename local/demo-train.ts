import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type ApiClient, createApiClient } from '../cli/api/api-client.ts'
import { generationAnswer, type TrainingRecord, trainingAnswer } from '../cli/api/records.ts'
import { Output, table } from '../cli/output.ts'
import { followTraining } from '../cli/training/follow.ts'
import { findPhotos, type PhotoFile } from '../cli/training/photo-files.ts'
import { TrainingDisplay } from '../cli/training/training-display.ts'
import { uploadPhotos } from '../cli/training/upload-photos.ts'
import { drawDemoPhotos } from './app/demo-photos.ts'
import { checkTrainingEnd } from './app/training-end.ts'
import { withDemoStack } from './demo-stack.ts'
import { signInLocally } from './identity/local-user.ts'

/** The stand-in's training takes four seconds; half of that is enough to be seen. */
const timeScale = 2

interface DemoOptions {
  /** Of photos; null draws some. */
  folder: string | null
  env: NodeJS.ProcessEnv
  outputDir: string
  signal: AbortSignal
}

/**
 * `npm run demo:train`: starts what it needs on free ports, trains a model of photos through the API and the stand-in of
 * Replicate, saves its sample pictures and checks what is left. @throws Error with the reason.
 */
export async function runDemoTrain(options: DemoOptions): Promise<void> {
  const { env, signal } = options
  const given = options.folder === null ? null : await photosIn(resolve(options.folder))
  const stack = { services: ['api', 'replicate-webhook'], env, signal, timeScale }
  await withDemoStack(stack, async ({ cloud, clients, dataDir, service }) => {
    const { words, photos } = given ?? (await drawnPhotos(join(dataDir, 'photos')))
    const token = () => signInLocally(cloud.identity)
    const api = createApiClient({ baseUrl: service('api').url, isLocal: true, token })
    try {
      console.log(`Training on ${words} through API → photos → Replicate (a stand-in) → webhooks → model.\n`)
      const began = performance.now()
      const training = await train(api, { photos, env, signal })
      const seconds = (performance.now() - began) / 1000
      if (training.status !== 'succeeded') {
        throw new Error(`The training ${training.status} (${training.error?.code}): ${training.error?.message}`)
      }
      const samples = await saveSamples(api, training, options)
      const end = await checkTrainingEnd(clients, training, signal)
      console.log(report({ training, seconds, samples, mail: end.mail }))
    } finally {
      api.close()
    }
  })
}

/** Photos to train on, and what to call them. */
interface DemoPhotos {
  words: string
  photos: readonly PhotoFile[]
}

async function photosIn(folder: string): Promise<DemoPhotos> {
  return { words: folder, photos: await findPhotos(folder, '') }
}

async function drawnPhotos(folder: string): Promise<DemoPhotos> {
  const words = await drawDemoPhotos(folder)
  return { words, photos: await findPhotos(folder, '') }
}

async function train(
  api: ApiClient,
  { photos, env, signal }: { photos: readonly PhotoFile[]; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<TrainingRecord> {
  const output = new Output({ stdout: process.stdout, stderr: process.stderr, env, json: false })
  const display = new TrainingDisplay(output)
  try {
    const sizeBytes = photos.reduce((sum, photo) => sum + photo.sizeBytes, 0)
    const onProgress = (doneBytes: number) => display.showUpload(doneBytes, sizeBytes)
    const images = await uploadPhotos(api, { photos, signal, onProgress })
    const wish = { name: 'Demo', type: 'woman', images }
    const { training } = await api.post('/api/trainings', wish, trainingAnswer, signal)
    return await followTraining(api, training.id, { signal, onChange: (one) => display.showTraining(one) })
  } finally {
    output.endProgress()
  }
}

/** @returns where they lie. */
async function saveSamples(api: ApiClient, training: TrainingRecord, options: DemoOptions): Promise<string[]> {
  const path = `/api/generations/${training.generationId}`
  const { generation } = await api.get(path, generationAnswer, options.signal)
  if (generation.images.length === 0) throw new Error('The training has no sample pictures.')
  await mkdir(options.outputDir, { recursive: true })
  const saved: string[] = []
  for (const { index, url, contentType } of generation.images) {
    // By its URL, as a browser would.
    const response = await api.http.request({ url, signal: options.signal })
    const extension = contentType.split('/')[1] ?? 'bin'
    const file = join(options.outputDir, `sample_${training.id}_${index + 1}.${extension}`)
    await writeFile(file, await response.bytes())
    saved.push(file)
  }
  return saved
}

function report(end: { training: TrainingRecord; seconds: number; samples: string[]; mail: string }): string {
  const { training, seconds, samples, mail } = end
  const { model } = training
  if (!model) throw new Error('The training succeeded without a model.')
  const rows = [
    ['model', `models/${model.id}`],
    ['at Replicate', `${model.replicate_model_id}:${model.replicate_version_id.slice(0, 12)}…`],
    ['trigger word', model.triggerWord],
    ['weights', model.gcsUri],
    ['SHA-256', model.sha256],
    ['size', `${model.sizeBytes} bytes`],
    ['time', `${seconds.toFixed(1)} s, from the first photo to the model`],
    ['mail', mail],
    ['temporaries', 'none left'],
    ...samples.map((file, index) => [`sample ${index + 1}`, file]),
  ]
  return `trained\n${table(rows)}`
}
