import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type CacheSum, sumText } from '../cache/cache-text.ts'
import { type Command, parseCall, UsageError } from '../command.ts'

const usage = `forge cache du

Says how full the models bucket is, and with what.

${apiUsage}
`

export const cacheDu: Command = {
  words: ['cache', 'du'],
  synopsis: 'cache du',
  summary: 'how full the models bucket is, and with what',
  usage,
  options: apiOptions,
  examples: ['forge cache du', 'forge cache du --json'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, apiOptions, usage)
    if (positionals.length > 0) throw new UsageError('It takes no names: it is about all.', usage)
    return await withApi(values, usage, async (api) => {
      const { cachePages } = await import('../cache/pages.ts')
      const none = () => ({ count: 0, bytes: 0 })
      const parts = { files: none(), pinned: none(), leased: none() }
      let sums: CacheSum['page'] | null = null
      for await (const { files, next_cursor: _cursor, ...page } of cachePages(api, { signal })) {
        sums ??= page
        for (const { size_bytes, pinned, leased_until } of files) {
          const isLeased = leased_until !== null && Date.parse(leased_until) > Date.now()
          add(parts.files, size_bytes)
          if (pinned) add(parts.pinned, size_bytes)
          if (isLeased) add(parts.leased, size_bytes)
        }
      }
      if (sums !== null) output.result({ type: 'cache', ...sums, ...parts }, sumText(output, { page: sums, ...parts }))
      return true
    })
  },
}

function add(sum: { count: number; bytes: number }, bytes: number): void {
  sum.count += 1
  sum.bytes += bytes
}
