import { SEARCH_SORTS } from '#shared/registry/search/search-query.ts'
import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { tellModels } from '../models/model-text.ts'
import { filterChoices, filterOptions, filterUsage, readFilters } from '../models/search-options.ts'

const usage = `forge models search [WORDS…] [options]

Searches CivitAI, Hugging Face and what is registered, all at once. A source that is down, slow or
limits us leaves a note. "forge models add ID" registers what is found.

${filterUsage}
  --tag TAG          what has this tag
  --task TASK        of Hugging Face: text-to-image, …
  --library NAME     of Hugging Face: diffusers, …
  --sort ORDER       popularity (default), downloads, rating or newest
  --nsfw             also what is not for everybody
${apiUsage}
`

const options = {
  ...apiOptions,
  ...filterOptions,
  tag: { type: 'string' },
  task: { type: 'string' },
  library: { type: 'string' },
  sort: { type: 'string', default: 'popularity' },
  nsfw: { type: 'boolean', default: false },
} as const

export const modelsSearch: Command = {
  words: ['models', 'search'],
  synopsis: 'models search [WORDS…]',
  summary: 'search both hubs and what is registered',
  usage,
  options,
  choices: { ...filterChoices, sort: SEARCH_SORTS },
  examples: [
    'forge models search rain --type lora --base sdxl',
    'forge models search --source huggingface --task text-to-image --sort newest --limit 50 --json',
  ],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, options, usage)
    const { query, limit, cursor } = readFilters(values, usage)
    const sort = SEARCH_SORTS.find((known) => known === values.sort)
    if (sort === undefined)
      throw new UsageError(`--sort takes ${SEARCH_SORTS.join(', ')}; not "${values.sort}".`, usage)
    const { tag = null, task = null, library = null, nsfw } = values
    const wish = { ...query, q: positionals.join(' ').trim(), tag, task, library, sort, nsfw: nsfw ? 'true' : null }
    return await withApi(values, usage, async (api) => {
      const { readModels } = await import('../models/pages.ts')
      const found = await readModels(api, { path: '/api/registry/search', query: wish, limit, cursor, signal })
      tellModels(output, found, { of: 'found', empty: 'Nothing was found.' })
      return true
    })
  },
}
