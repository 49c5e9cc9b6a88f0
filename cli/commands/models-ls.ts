import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { tellModels } from '../models/model-text.ts'
import { filterChoices, filterOptions, filterUsage, readFilters } from '../models/search-options.ts'

const usage = `forge models ls [options]

What is registered: yours and the system's, the last registered first. Operators see everybody's.

${filterUsage}
${apiUsage}
`

const options = { ...apiOptions, ...filterOptions } as const

export const modelsLs: Command = {
  words: ['models', 'ls'],
  synopsis: 'models ls',
  summary: 'what is registered, the last first',
  usage,
  options,
  choices: filterChoices,
  examples: ['forge models ls --type lora', 'forge models ls --limit 1000 --json | jq -r .model.model_id'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, options, usage)
    if (positionals.length > 0)
      throw new UsageError('models ls takes options only; "models search" looks for words.', usage)
    const filters = readFilters(values, usage)
    return await withApi(values, usage, async (api) => {
      const { readModels } = await import('../models/pages.ts')
      const found = await readModels(api, { path: '/api/registry/models', ...filters, signal })
      tellModels(output, found, { of: 'registered', empty: 'Nothing is registered.' })
      return true
    })
  },
}
