import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError } from '../command.ts'

const usage = `forge models identify FILE…

Hashes model files of this machine, and says which models they are: registered ones, else CivitAI's.
Nothing is sent but the hash. Exit code 1 where nobody knows one of them.

${apiUsage}
`

const options = { ...apiOptions } as const

export const modelsIdentify: Command = {
  words: ['models', 'identify'],
  synopsis: 'models identify FILE…',
  summary: 'hash files of this machine and find which models they are',
  usage,
  options,
  examples: ['forge models identify portrait.safetensors', 'forge models identify --json *.safetensors'],
  async run(args, context) {
    const { values, positionals } = parseCall(args, options, usage)
    if (positionals.length === 0) throw new UsageError('Name at least one file.', usage)
    return await withApi(values, usage, async (api) => {
      const { identifyFile } = await import('../models/identify-file.ts')
      let isAllKnown = true
      for (const path of positionals) {
        const isKnown = await identifyFile(api, path, context)
        isAllKnown = isAllKnown && isKnown
      }
      return isAllKnown
    })
  },
}
