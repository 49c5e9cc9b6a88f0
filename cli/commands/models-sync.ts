import { AppError } from '#shared/errors/app-error.ts'
import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError, wholeNumber } from '../command.ts'
import { modelPath } from '../models/model-path.ts'
import type { ModelRecord } from '../models/records.ts'

const usage = `forge models sync MODEL… [--no-watch]

Has registered models copied into the models bucket, and follows the copies to their ends. It asks the
API, where "forge sync" works with your own rights on the project.

  --no-watch         only asks
  --timeout SECONDS  how long to watch (default 21600)
${apiUsage}

Ctrl-C ends the watching, not the sync.
`

const options = {
  ...apiOptions,
  'no-watch': { type: 'boolean', default: false },
  timeout: { type: 'string', default: '21600' },
} as const

export const modelsSync: Command = {
  words: ['models', 'sync'],
  synopsis: 'models sync MODEL…',
  summary: 'have registered models copied into the bucket',
  usage,
  options,
  examples: ['forge models sync civitai-4384-v128713', 'forge models sync civitai:4384@128713 hf:ann/tiny --no-watch'],
  async run(args, context) {
    const { output, signal } = context
    const { values, positionals } = parseCall(args, options, usage)
    const ids = [...new Set(positionals)]
    if (ids.length === 0 || ids.includes('')) throw new UsageError('Name the models.', usage)
    const timeoutMs = 1000 * wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage })
    return await withApi(values, usage, async (api) => {
      const { modelAnswer } = await import('../models/records.ts')
      const models: { label: string; model: ModelRecord }[] = []
      for (const id of ids) {
        try {
          const { model } = await api.post(`${modelPath(id)}/sync`, {}, modelAnswer, signal)
          output.result(
            { type: 'request', model: model.model_id ?? id, sync_status: model.sync_status },
            `${id}  asked for`,
          )
          models.push({ label: id, model })
        } catch (error) {
          if (signal.aborted || !(error instanceof AppError)) throw error
          const { code, message } = error
          output.result({ type: 'refused', model: id, code, message }, `${id}  ${message} (${code})`)
        }
      }
      const isAll = models.length === ids.length
      if (values['no-watch']) return isAll
      const { watchModels } = await import('../models/follow-sync.ts')
      return (await watchModels(api, { models, timeoutMs }, context)) && isAll
    })
  },
}
