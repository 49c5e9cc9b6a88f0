import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { silentLogger } from '#shared/logging/logger.ts'
import { type ApiClient, createApiClient } from '../cli/api/api-client.ts'
import { generationAnswer, type TrainingRecord, trainingAnswer } from '../cli/api/records.ts'
import { Output, table } from '../cli/output.ts'
import { followTraining } from '../cli/training/follow.ts'
import { findPhotos, type PhotoFile } from '../cli/training/photo-files.ts'
import { TrainingDisplay } from '../cli/training/training-display.ts'
import { uploadPhotos } from '../cli/training/upload-photos.ts'
import { openClients } from './app/clients.ts'
import { drawDemoPhotos } from './app/demo-photos.ts'
import { checkTrainingEnd } from './app/training-end.ts'
import { anyPorts, type LocalCloud, startCloud } from './cloud.ts'
import { signInLocally } from './identity/local-user.ts'
import { freePort, startService } from './service-process.ts'
import { serviceTable } from './services.ts'

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
  const dataDir = await mkdtemp(join(tmpdir(), 'forge-demo-train-'))
  const closers: (() => Promise<unknown>)[] = [() => rm(dataDir, { recursive: true, force: true })]
  try {
    const folder = options.folder === null ? join(dataDir, 'photos') : resolve(options.folder)
    const words = options.folder === null ? await drawDemoPhotos(folder) : folder
    const photos = await findPhotos(folder, '')
    const cloud = await startCloud({
      dataDir,
      ports: anyPorts,
      triggers: [],
      documentsHost: null,
      logger: silentLogger,
      refusesUnindexed: true,
      timeScale,
    })
    closers.push(() => cloud.close())
    signal.throwIfAborted()
    const apiUrl = await startServices(cloud, { env, closers })
    const api = createApiClient({ baseUrl: apiUrl, isLocal: true, token: () => signInLocally(cloud.identity) })
    closers.push(async () => api.close())
    const clients = openClients({ documentsHost: cloud.documentsHost, bucketUrl: cloud.bucket.url })
    closers.push(() => clients.close())

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
    for (const close of closers.toReversed()) await close()
  }
}

/** Both services of trainings. @returns where the API is. */
async function startServices(
  cloud: LocalCloud,
  { env, closers }: { env: NodeJS.ProcessEnv; closers: (() => Promise<unknown>)[] },
): Promise<string> {
  const rows = serviceTable.filter(({ isTraining }) => isTraining)
  const places = await Promise.all(rows.map(async ({ name }) => ({ name, port: await freePort() })))
  const urlOf = (service: string) => `http://127.0.0.1:${places.find(({ name }) => name === service)?.port}`
  const trainingEnvironment = cloud.trainingEnvironment(urlOf('replicate-webhook'))
  await Promise.all(
    places.map(async ({ name, port }) => {
      const service = await startService({
        name,
        port,
        env: {
          LOG_FORMAT: 'pretty',
          LOG_LEVEL: 'warn',
          ...env,
          ...cloud.environmentFor(urlOf(name)),
          ...trainingEnvironment,
        },
        output: 'stderr',
      })
      closers.push(() => service.stop())
    }),
  )
  return urlOf('api')
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
