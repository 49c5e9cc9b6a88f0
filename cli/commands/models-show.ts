import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { modelPath } from '../models/model-path.ts'
import { modelText } from '../models/model-text.ts'

const usage = `forge models show MODEL

All that is known of a model: by its document's id, or the registry's (civitai:123@456, hf:owner/name).
Of one that is not registered, what its hub says.

${apiUsage}
`

export const modelsShow: Command = {
  words: ['models', 'show'],
  synopsis: 'models show MODEL',
  summary: 'all that is known of a model',
  usage,
  options: apiOptions,
  examples: ['forge models show civitai:4384@128713', 'forge models show hf:ann/tiny --json'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, apiOptions, usage)
    const [id, ...rest] = positionals
    if (!id || rest.length > 0) throw new UsageError('Name one model.', usage)
    return await withApi(values, usage, async (api) => {
      const { modelAnswer } = await import('../models/records.ts')
      const { model } = await api.get(modelPath(id), modelAnswer, signal)
      output.result({ type: 'model', model }, modelText(output, model))
      return true
    })
  },
}
