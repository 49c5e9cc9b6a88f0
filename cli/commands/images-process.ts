import { AppError } from '#shared/errors/app-error.ts'
import { type Command, type CommandContext, characterIdOf, parseCall, UsageError, wholeNumber } from '../command.ts'
import { type Connection, connect } from '../connect.ts'
import { followShowcase } from '../follow-showcase.ts'
import { jobReportText, reportJob } from '../job-report.ts'
import { imageOperations } from '../operations.ts'

const usage = `forge images process CHARACTER… [--watch] [--timeout SECONDS] [--json] [--local]

Makes the showcase of each character's main image, as the app's "process" button does, also where
there is one already. A character that is being worked on is not started twice.

  --watch            shows each status until all are complete or failed; exit code 1 if one failed
  --timeout SECONDS  how long to watch (default 900)

It doesn't count against IMAGES_PER_DAY, which bounds users and not operators.
`

const options = { watch: { type: 'boolean' }, timeout: { type: 'string', default: '900' } } as const

export const imagesProcess: Command = {
  words: ['images', 'process'],
  synopsis: 'images process CHARACTER…',
  summary: 'make showcase images now',
  usage,
  options,
  examples: ['forge images process 8f3kQ --watch', 'forge images process 8f3kQ 2hd7P --local'],
  async run(args, context) {
    const { values, positionals } = parseCall(args, options, usage)
    if (positionals.length === 0) throw new UsageError('Name at least one character.', usage)
    const ids = [...new Set(positionals.map((text) => characterIdOf(text, usage)))]
    const timeoutMs = 1000 * wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage })
    const connection = await connect({ local: values.local })
    try {
      const jobs = await requestAll(connection, ids, context)
      const isAllAsked = jobs.size === ids.length
      if (!values.watch) {
        if (!connection.hasQueue) context.output.note(noQueueNote)
        return isAllAsked
      }
      return (await watchAll(connection, jobs, timeoutMs, context)) && isAllAsked
    } finally {
      await connection.close()
    }
  },
}

/** Also for whoever watches for minutes and wonders. */
export const noQueueNote =
  'Without TASKS_QUEUE nobody is woken: the next round of the image worker’s reconciler starts it (forge reconcile).'

async function requestAll(connection: Connection, ids: string[], { output, signal }: CommandContext) {
  const { requestShowcase } = await imageOperations()
  const jobs = new Map<string, string>()
  for (const characterId of ids) {
    signal.throwIfAborted()
    const request = await requestShowcase(connection, { characterId })
    const record = { type: 'request', characterId, outcome: request.kind }
    switch (request.kind) {
      case 'requested':
      case 'under-way':
        jobs.set(characterId, request.jobId)
        output.result(
          { ...record, jobId: request.jobId },
          `${characterId}  ${request.kind === 'requested' ? 'asked for' : 'is under way already'}, job ${request.jobId}`,
        )
        break
      case 'refused': {
        const { code, message } = request
        output.result(
          { ...record, code, message },
          `${characterId}  ${output.style('red', 'refused')} (${code}): ${message}`,
        )
        break
      }
      case 'not-needed': // Only said to those who asked on a condition.
        break
      default:
        request satisfies never
    }
  }
  return jobs
}

async function watchAll(
  connection: Connection,
  jobs: ReadonlyMap<string, string>,
  timeoutMs: number,
  { output, signal }: CommandContext,
): Promise<boolean> {
  if (!connection.hasQueue) output.note(noQueueNote)
  const shown = new Map<string, string>()
  const showProgress = () =>
    output.progress([...shown].map(([characterId, status]) => `${characterId} ${status}`).join(' · '))
  const watchOne = async ([characterId, jobId]: [string, string]): Promise<boolean> => {
    const onStatus = (status: string) => {
      shown.set(characterId, status)
      // On a terminal the line below is written over; a pipe gets a line for each.
      if (output.canRedraw) showProgress()
      else output.result({ type: 'status', characterId, status }, `${characterId}  ${status}`)
    }
    try {
      const job = await followShowcase(connection.db, { characterId, jobId, timeoutMs, signal, onStatus })
      const report = reportJob(job)
      output.result({ type: 'end', characterId, jobId, ...report }, jobReportText(output, characterId, report))
      return job.state === 'done'
    } catch (error) {
      if (signal.aborted || !(error instanceof AppError)) throw error
      const { code, message } = error
      output.result({ type: 'end', characterId, jobId, state: 'unknown', code, message }, `${characterId}  ${message}`)
      return false
    } finally {
      shown.delete(characterId)
      if (shown.size > 0) showProgress()
    }
  }
  return (await Promise.all([...jobs].map(watchOne))).every((isDone) => isDone)
}
