import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, modelIdOf, parseCall, UsageError, wholeNumber } from '../command.ts'

const usage = `forge generate MODEL --prompt TEXT | --template ID [--count N] [--out FOLDER]

Has pictures made with a trained model, and saves them.

  --prompt TEXT      what the pictures show; {trigger} and {type} stand for what the model has learned
  --template ID      one of the prompts that are there: professional-photo, outdoor-portrait
  --count N          how many pictures (default 1)
  --out FOLDER       where they are saved (default: the current one)
  --timeout SECONDS  how long to wait (default 1800)
${apiUsage}
`

const options = {
  ...apiOptions,
  prompt: { type: 'string' },
  template: { type: 'string' },
  count: { type: 'string', default: '1' },
  out: { type: 'string', default: '.' },
  timeout: { type: 'string', default: '1800' },
} as const

export const generate: Command = {
  words: ['generate'],
  synopsis: 'generate MODEL',
  summary: 'have pictures made with a trained model',
  usage,
  options,
  choices: { template: ['professional-photo', 'outdoor-portrait'] },
  examples: [
    'forge generate k3v7q2m5x4wz --prompt "{trigger}, a {type} on the moon" --count 2 --out pictures',
    'forge generate k3v7q2m5x4wz --template professional-photo',
  ],
  async run(args, context) {
    const call = parseGenerateCall(args)
    return await withApi(call.values, usage, async (api) => {
      const { requestPictures } = await import('../training/request-pictures.ts')
      return await requestPictures(api, call, context)
    })
  },
}

/** @throws UsageError */
function parseGenerateCall(args: string[]) {
  const { values, positionals } = parseCall(args, options, usage)
  const [model, ...rest] = positionals
  if (model === undefined || rest.length > 0) throw new UsageError('Name one model.', usage)
  const { prompt, template } = values
  if ((prompt === undefined) === (template === undefined)) {
    throw new UsageError('Say --prompt or --template, one of them.', usage)
  }
  return {
    values,
    folder: values.out,
    timeoutMs: wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage }) * 1000,
    wish: {
      modelId: modelIdOf(model, usage),
      ...(prompt === undefined ? { template } : { prompt }),
      count: wholeNumber(values.count, { name: 'count', min: 1, max: 100, usage }),
    },
  }
}
