import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError, wholeNumber } from '../command.ts'
import { findPhotos } from '../training/photo-files.ts'

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
    return await withApi(call.values, usage, async (api) => {
      const { requestTraining } = await import('../training/request-training.ts')
      return await requestTraining(api, { ...call, photos }, context)
    })
  },
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
