import { AppError } from '#shared/errors/app-error.ts'
import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { mayGoOn } from '../ask.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { modelPath } from '../models/model-path.ts'

const usage = `forge models rm MODEL… [--yes]

Removes models from the registry: their documents. A file that was copied stays in the cache, until
something needs its room.

  --yes              don't ask
${apiUsage}
`

const options = { ...apiOptions, yes: { type: 'boolean', default: false } } as const

export const modelsRm: Command = {
  words: ['models', 'rm'],
  synopsis: 'models rm MODEL…',
  summary: 'remove models from the registry',
  usage,
  options,
  examples: ['forge models rm civitai-4384-v128713', 'forge models rm civitai:4384@128713 hf:ann/tiny --yes'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, options, usage)
    const ids = [...new Set(positionals)]
    if (ids.length === 0 || ids.includes('')) throw new UsageError('Name the models.', usage)
    const question = ids.length === 1 ? `Remove ${ids[0]}?` : `Remove these ${ids.length} models?`
    if (!(await mayGoOn({ output, yes: values.yes, question, usage, signal }))) {
      output.note('Nothing was removed.')
      return false
    }
    return await withApi(values, usage, async (api) => {
      let isAll = true
      for (const id of ids) {
        try {
          await api.delete(modelPath(id), signal)
          output.result({ type: 'removed', model: id }, `${id}  removed`)
        } catch (error) {
          if (signal.aborted || !(error instanceof AppError)) throw error
          const { code, message } = error
          output.result({ type: 'refused', model: id, code, message }, `${id}  ${message} (${code})`)
          isAll = false
        }
      }
      return isAll
    })
  },
}
