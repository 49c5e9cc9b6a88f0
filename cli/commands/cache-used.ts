import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError } from '../command.ts'

const usage = `forge cache used --log FILE|-

Notes from Cloud Storage's Data Access logs when files of the models bucket were read by somebody who did not
ask the API for a URL. The logs have to be switched on; of each file the last read counts.

  --log FILE         JSON lines as a log sink writes them, or the array that gcloud logging read prints as
                     JSON (filter: protoPayload.methodName="storage.objects.get"); - for standard input
  --ignore EMAIL     reads by this account are no use; may be repeated (model-sync's own never are)
${apiUsage}
`

const options = {
  ...apiOptions,
  log: { type: 'string' },
  ignore: { type: 'string', multiple: true, default: [] as string[] },
} as const

/** Whose reads are verifications: the account's name in infra/project.yaml. */
const OWN_READER = 'charaforge-model-sync@'
/** The API's own most. */
const USES_AT_ONCE = 500

export const cacheUsed: Command = {
  words: ['cache', 'used'],
  synopsis: 'cache used --log FILE',
  summary: 'note uses that only the bucket’s access logs know',
  usage,
  options,
  examples: ['forge cache used --log access.json', 'forge cache used --log - < access.json'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, options, usage)
    if (positionals.length > 0 || !values.log) throw new UsageError('Say --log FILE, or --log - for a pipe.', usage)
    const [{ readAccessLog }, { usesAnswer }] = await Promise.all([
      import('../cache/access-log.ts'),
      import('../cache/records.ts'),
    ])
    const input = values.log === '-' ? process.stdin : await openLog(values.log)
    const { uses, entryCount } = await readAccessLog(input, [OWN_READER, ...values.ignore], signal)
    return await withApi(values, usage, async (api) => {
      const sum = { marked: 0, unknown: 0 }
      for (let start = 0; start < uses.length; start += USES_AT_ONCE) {
        const some = uses.slice(start, start + USES_AT_ONCE)
        const body = { uses: some.map(({ uri, usedAt }) => ({ uri, used_at: usedAt.toISOString() })) }
        const { marked, unknown } = await api.post('/api/cache/used', body, usesAnswer, signal)
        sum.marked += marked
        sum.unknown += unknown
      }
      const text = `${entryCount} entries, ${uses.length} objects read; ${sum.marked} noted, ${sum.unknown} not in the cache.`
      output.result({ type: 'used', entries: entryCount, objects: uses.length, ...sum }, text)
      return true
    })
  },
}

/** @throws UsageError */
async function openLog(path: string): Promise<Readable> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${path} cannot be read (${error.code}).`, usage)
  })
  if ((await file.stat()).isDirectory()) {
    await file.close()
    throw new UsageError(`${path} is a folder.`, usage)
  }
  return file.createReadStream()
}
