import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError, wholeNumber } from '../command.ts'

const usage = `forge cache clean [--max-size GIB] [--keep-recent N] [--yes]

Evicts what was not used for longest from the models bucket until the rest fits, and reports what went. Pinned
and leased files stay, and so does what was trained. An evicted model shows as not synced; a sync fetches it
again. Without --yes it only shows what would happen.

  --max-size GIB     what the bucket may hold afterwards (default: the configured limit)
  --keep-recent N    so many that were used last stay (default: as configured)
  --yes              does it
  --timeout SECONDS  how long to watch (default 3600)
${apiUsage}

Ctrl-C ends the watching, not the clean-up.
`

const options = {
  ...apiOptions,
  'max-size': { type: 'string' },
  'keep-recent': { type: 'string' },
  yes: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '3600' },
} as const

export const cacheClean: Command = {
  words: ['cache', 'clean'],
  synopsis: 'cache clean',
  summary: 'evict what was not used for longest; a plan unless --yes',
  usage,
  options,
  examples: ['forge cache clean --max-size 200', 'forge cache clean --max-size 200 --keep-recent 10 --yes'],
  async run(args, context) {
    const { values, positionals } = parseCall(args, options, usage)
    if (positionals.length > 0) throw new UsageError('It takes no names: what was used least goes first.', usage)
    const timeoutMs = wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage }) * 1000
    const { 'max-size': maxSize, 'keep-recent': keepRecent } = values
    const wish = {
      ...(maxSize === undefined ? {} : { max_size_gb: gibibytes(maxSize) }),
      ...(keepRecent === undefined
        ? {}
        : { keep_recent: wholeNumber(keepRecent, { name: 'keep-recent', min: 0, max: 10_000, usage }) }),
    }
    return await withApi(values, usage, async (api) => {
      const { planOrClean } = await import('../cache/plan-or-clean.ts')
      return await planOrClean(api, { wish, isMeant: values.yes, timeoutMs }, context)
    })
  },
}

/** @throws UsageError */
function gibibytes(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) <= 2 ** 20) return Number(text)
  throw new UsageError(`--max-size takes a number of GiB, not "${text}".`, usage)
}
