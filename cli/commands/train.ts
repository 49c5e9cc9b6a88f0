import type { ApiClient } from '../api/api-client.ts'
import { apiOptions, apiUsage, connectToApi } from '../api/connect-to-api.ts'
import { type GenerationRecord, generationAnswer, type TrainingRecord, trainingAnswer } from '../api/records.ts'
import { type Command, type CommandContext, parseCall, UsageError, wholeNumber } from '../command.ts'
import { Interrupted } from '../interrupt.ts'
import { followTraining } from '../training/follow.ts'
import { findPhotos } from '../training/photo-files.ts'
import { TrainingDisplay } from '../training/training-display.ts'
import { trainingReport, trainingText } from '../training/training-text.ts'
import { uploadPhotos } from '../training/upload-photos.ts'
import { withinTimeout } from '../within-timeout.ts'

const usage = `forge train FOLDER --name NAME --type man|woman [options]
forge train --zip URL --name NAME --type man|woman [options]

Trains a model of a person: uploads the photos of a folder (4 to 100; JPEG, PNG, WebP), or names
a ZIP of them that is on the web, and follows the training to its model and sample pictures.

  --name NAME        how the app shows the model
  --type man|woman   what the person is to the prompts
  --steps N          of the training (default 1000)
  --rank N           of the LoRA (default 16)
  --resolution LIST  sizes that are trained on, as 512,768,1024
  --trigger WORD     what means the person in prompts
  --force            train although the same photos and options were trained within a day
  --no-watch         only asks
  --timeout SECONDS  how long to watch (default 21600)
${apiUsage}

Ctrl-C ends the watching, not the training.
`

const DAY_S = 86_400

const options = {
  ...apiOptions,
  name: { type: 'string' },
  type: { type: 'string' },
  zip: { type: 'string' },
  steps: { type: 'string' },
  rank: { type: 'string' },
  resolution: { type: 'string' },
  trigger: { type: 'string' },
  force: { type: 'boolean', default: false },
  'no-watch': { type: 'boolean', default: false },
  timeout: { type: 'string', default: '21600' },
} as const

export const train: Command = {
  words: ['train'],
  synopsis: 'train FOLDER',
  summary: 'train a model of the photos in a folder',
  usage,
  options,
  choices: { type: ['man', 'woman'] },
  examples: [
    'forge train ./photos --name "Ana, March" --type woman',
    'forge train --zip https://example.com/ana.zip --name Ana --type woman --steps 1500',
  ],
  async run(args, context) {
    const call = parseTrainCall(args)
    const photos = call.folder === null ? [] : await findPhotos(call.folder, usage)
    const api = await connectToApi(call.values, usage)
    const display = new TrainingDisplay(context.output)
    try {
      const sizeBytes = photos.reduce((sum, photo) => sum + photo.sizeBytes, 0)
      const onProgress = (doneBytes: number) => display.showUpload(doneBytes, sizeBytes)
      const source =
        call.zipUrl === null
          ? { images: await upload(api, { photos, signal: context.signal, onProgress }) }
          : { zipUrl: call.zipUrl }
      const asked = { ...call.training, ...source }
      const { training, reused = false } = await api.post('/api/trainings', asked, trainingAnswer, context.signal)
      const record = { type: 'request', trainingId: training.id, photos: photos.length, sizeBytes, reused }
      const words = reused ? 'was asked for with the same photos; --force trains them again' : 'asked for'
      context.output.result(record, `${training.id}  ${words}`)
      if (!call.watch) return true
      return await watch(api, training, { ...context, display, timeoutMs: call.timeoutMs })
    } finally {
      api.close()
    }
  },
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

/** @throws UsageError */
function parseTrainCall(args: string[]) {
  const { values, positionals } = parseCall(args, options, usage)
  const [folder, ...rest] = positionals
  if (rest.length > 0 || (folder === undefined) === (values.zip === undefined)) {
    throw new UsageError('Name one folder of photos, or --zip URL.', usage)
  }
  const { name, type } = values
  if (!name) throw new UsageError('Say --name, what the model is called.', usage)
  if (type !== 'man' && type !== 'woman') throw new UsageError('Say --type man or --type woman.', usage)
  const steps = values.steps && wholeNumber(values.steps, { name: 'steps', min: 3, max: 6000, usage })
  const loraRank = values.rank && wholeNumber(values.rank, { name: 'rank', min: 1, max: 128, usage })
  const { resolution, trigger: triggerWord } = values
  return {
    values,
    folder: folder ?? null,
    zipUrl: values.zip ?? null,
    watch: !values['no-watch'],
    timeoutMs: wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 7 * DAY_S, usage }) * 1000,
    training: {
      name,
      type,
      options: {
        ...(steps ? { steps } : {}),
        ...(loraRank ? { loraRank } : {}),
        ...(resolution ? { resolution } : {}),
        ...(triggerWord ? { triggerWord } : {}),
      },
      ...(values.force ? { force: true } : {}),
    },
  }
}
