import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { isAllRight, verifyReportText } from '../cache/report-text.ts'
import { type Command, parseCall, UsageError, wholeNumber } from '../command.ts'

const usage = `forge cache verify [--repair]

Reads every file of the models bucket and compares its hash with the index, looks for what only one of the two
knows, and counts the bytes anew. Exit code 1 where something is not as it should be.

  --repair           puts right what can be: models whose file is gone show as not synced, files that nobody
                     has booked are booked where their origin is known
  --timeout SECONDS  how long to watch (default 21600)
${apiUsage}

Ctrl-C ends the watching, not the verification.
`

const options = {
  ...apiOptions,
  repair: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '21600' },
} as const

export const cacheVerify: Command = {
  words: ['cache', 'verify'],
  synopsis: 'cache verify',
  summary: 'hash the files anew and hold the index against the bucket',
  usage,
  options,
  examples: ['forge cache verify', 'forge cache verify --repair'],
  async run(args, context) {
    const { output, signal } = context
    const { values, positionals } = parseCall(args, options, usage)
    if (positionals.length > 0) throw new UsageError('It takes no names: it looks at all.', usage)
    const timeoutMs = wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 7 * 86_400, usage }) * 1000
    return await withApi(values, usage, async (api) => {
      const [{ followCacheJob }, { cacheJobAnswer, verifyReport }] = await Promise.all([
        import('../cache/follow-cache-job.ts'),
        import('../cache/records.ts'),
      ])
      const asked = await api.post('/api/cache/verify', { repair: values.repair }, cacheJobAnswer, signal)
      const job = { jobId: asked.job_id, label: 'verification', report: verifyReport, timeoutMs }
      const report = await followCacheJob(api, job, context)
      if (report === null) return false
      output.result({ type: 'end', job_id: asked.job_id, state: 'done', ...report }, verifyReportText(output, report))
      return isAllRight(report)
    })
  },
}
