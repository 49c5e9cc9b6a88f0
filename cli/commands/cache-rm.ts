import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { fileUsage } from '../cache/file-usage.ts'
import { type Command, parseCall, wholeNumber } from '../command.ts'

const usage = `forge cache rm FILE… [--yes]

Evicts files from the models bucket, however much room there is; their models show as not synced, and a sync
fetches them again. Pinned and leased ones stay. Without --yes it only shows what would happen.
${fileUsage}

  --yes              does it
  --timeout SECONDS  how long to watch (default 3600)
${apiUsage}
`

const options = {
  ...apiOptions,
  yes: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '3600' },
} as const

export const cacheRm: Command = {
  words: ['cache', 'rm'],
  synopsis: 'cache rm FILE…',
  summary: 'evict these files; a plan unless --yes',
  usage,
  options,
  examples: ['forge cache rm 6ce0161689b3', 'forge cache rm civitai-4384-v128713 --yes'],
  async run(args, context) {
    const { values, positionals: texts } = parseCall(args, options, usage)
    const timeoutMs = wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage }) * 1000
    return await withApi(values, usage, async (api) => {
      const [{ findFiles }, { planOrClean }] = await Promise.all([
        import('../cache/find-file.ts'),
        import('../cache/plan-or-clean.ts'),
      ])
      const files = await findFiles(api, { texts, usage, signal: context.signal })
      const wish = { file_ids: files.map(({ file_id }) => file_id) }
      return await planOrClean(api, { wish, isMeant: values.yes, timeoutMs }, context)
    })
  },
}
