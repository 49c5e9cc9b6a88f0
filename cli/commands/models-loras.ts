import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError, wholeNumber } from '../command.ts'
import { modelPath } from '../models/model-path.ts'
import { tellModels } from '../models/model-text.ts'

const usage = `forge models loras MODEL [--limit N] [--cursor TOKEN]

LoRAs that go with a base model, of both hubs and of what is registered.

  --limit N          at most so many (20)
  --cursor TOKEN     go on where a page ended (its nextCursor, by --json)
${apiUsage}
`

const options = { ...apiOptions, limit: { type: 'string', default: '20' }, cursor: { type: 'string' } } as const

export const modelsLoras: Command = {
  words: ['models', 'loras'],
  synopsis: 'models loras MODEL',
  summary: 'LoRAs that go with a base model',
  usage,
  options,
  examples: ['forge models loras civitai:4384', 'forge models loras civitai-4384-v128713 --limit 50'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, options, usage)
    const [id, ...rest] = positionals
    if (!id || rest.length > 0) throw new UsageError('Name one base model.', usage)
    const limit = wholeNumber(values.limit, { name: 'limit', min: 1, max: 1_000, usage })
    const wish = { path: `${modelPath(id)}/loras`, query: {}, limit, cursor: values.cursor ?? null, signal }
    return await withApi(values, usage, async (api) => {
      const { readModels } = await import('../models/pages.ts')
      const found = await readModels(api, wish)
      tellModels(output, found, { of: 'found', empty: 'No LoRA was found that goes with it.' })
      return true
    })
  },
}
