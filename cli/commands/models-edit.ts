import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { modelPath } from '../models/model-path.ts'
import { modelText } from '../models/model-text.ts'

const usage = `forge models edit MODEL [options]

Changes what a registered model says of itself; what is not named stays. An empty text takes away what
was there. The system's models are for operators to change.

  --name NAME        how the app shows it
  --description TEXT
  --tag TAG          may be repeated: all that it has from now on
  --trigger WORD     may be repeated, likewise
  --weight N         how much of a LoRA is recommended, up to 2
${apiUsage}
`

const options = {
  ...apiOptions,
  name: { type: 'string' },
  description: { type: 'string' },
  tag: { type: 'string', multiple: true },
  trigger: { type: 'string', multiple: true },
  weight: { type: 'string' },
} as const

export const modelsEdit: Command = {
  words: ['models', 'edit'],
  synopsis: 'models edit MODEL',
  summary: 'change its name, tags, trigger words, weight',
  usage,
  options,
  examples: [
    'forge models edit civitai-51-v510 --name Rain --weight 0.8',
    'forge models edit civitai-51-v510 --tag weather --tag night --trigger rainy',
  ],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, options, usage)
    const [id, ...rest] = positionals
    if (!id || rest.length > 0) throw new UsageError('Name one model.', usage)
    const { name, description, tag, trigger, weight } = values
    const change = {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description: description.trim() || null }),
      ...(tag === undefined ? {} : { tags: withoutEmpty(tag) }),
      ...(trigger === undefined ? {} : { trigger_words: withoutEmpty(trigger) }),
      ...(weight === undefined ? {} : { recommended_weight: weightOf(weight) }),
    }
    if (Object.keys(change).length === 0) {
      throw new UsageError('Say what to change: --name, --description, --tag, --trigger or --weight.', usage)
    }
    return await withApi(values, usage, async (api) => {
      const { modelAnswer } = await import('../models/records.ts')
      const { model } = await api.patch(modelPath(id), change, modelAnswer, signal)
      output.result({ type: 'model', model }, modelText(output, model))
      return true
    })
  },
}

function withoutEmpty(texts: readonly string[]): string[] {
  return texts.map((text) => text.trim()).filter((text) => text !== '')
}

/** @throws UsageError */
function weightOf(text: string): number | null {
  if (text === '') return null
  const weight = Number(text)
  if (/^\d*\.?\d+$/.test(text) && weight > 0 && weight <= 2) return weight
  throw new UsageError(`--weight takes a number up to 2, not "${text}".`, usage)
}
