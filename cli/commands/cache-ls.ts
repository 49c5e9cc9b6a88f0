import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { filesTable } from '../cache/cache-text.ts'
import type { CachedFileRecord } from '../cache/records.ts'
import { type Command, parseCall, UsageError, wholeNumber } from '../command.ts'

const usage = `forge cache ls [--limit N]

Lists what lies in the models bucket and can be fetched anew, the longest unused first: so it goes when room
is needed, but for what is pinned or leased (a download URL is good for it still).

  --limit N          at most so many (default 100)
${apiUsage}
`

const options = { ...apiOptions, limit: { type: 'string', default: '100' } } as const

export const cacheLs: Command = {
  words: ['cache', 'ls'],
  synopsis: 'cache ls',
  summary: 'list the files of the models bucket, the longest unused first',
  usage,
  options,
  examples: ['forge cache ls', 'forge cache ls --limit 10000 --json'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, options, usage)
    if (positionals.length > 0) throw new UsageError('It takes no names: it lists them.', usage)
    const limit = wholeNumber(values.limit, { name: 'limit', min: 1, max: 1_000_000, usage })
    return await withApi(values, usage, async (api) => {
      const { cachedFiles } = await import('../cache/pages.ts')
      const files: CachedFileRecord[] = []
      let hasMore = false
      for await (const file of cachedFiles(api, { pageSize: limit, signal })) {
        hasMore = files.length === limit
        if (hasMore) break
        files.push(file)
        if (output.json) output.result({ type: 'cached-file', ...file }, '')
      }
      if (output.json) return true
      output.text(files.length === 0 ? 'The cache is empty.' : filesTable(files, new Date()))
      if (hasMore) output.note(`There are more than ${limit}; --limit shows them.`)
      return true
    })
  },
}
