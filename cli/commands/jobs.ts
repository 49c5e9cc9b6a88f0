import { type Command, type CommandContext, jobIdOf, parseCall, UsageError, wholeNumber } from '../command.ts'
import { type Connection, withConnection } from '../connect.ts'
import { jobRow, jobView, jobViewText } from '../jobs/job-view.ts'
import { table } from '../output.ts'

const states = ['queued', 'running', 'waiting', 'done', 'canceled', 'failed'] as const

const listUsage = `forge jobs list [--kind KIND] [--state STATE] [--limit N] [--json] [--local]

The jobs that changed last: image, sync, copy, training-start, training-finish, generation, run-cancel, lost-run.

  --kind KIND    only of this kind
  --state STATE  only ${states.join(', ')}
  --limit N      at most so many (20)
`

const listOptions = {
  kind: { type: 'string' },
  state: { type: 'string' },
  limit: { type: 'string', default: '20' },
} as const

const showUsage = `forge jobs show JOB [--json] [--local]

All about one job: its state, who has it until when, its steps with their times, its failures, and when it is due.
JOB is its id, as documents and logs name it.
`

const retryUsage = `forge jobs retry JOB… [--json] [--local]

Has jobs taken up again: one that failed for good goes on at its first step without a result (what is stored is not
paid again), one that rests does not wait any longer. They are due at once: the service's reconciler takes them up
within minutes, its task queue (TASKS_QUEUE, SERVICE_URL of the job's service) at once.
`

export const jobsList: Command = {
  words: ['jobs', 'list'],
  synopsis: 'jobs list',
  summary: 'the jobs that changed last, by kind and state',
  usage: listUsage,
  options: listOptions,
  choices: { state: states },
  examples: ['forge jobs list --state failed', 'forge jobs list --kind sync --limit 5 --json'],
  async run(args, { output }) {
    const { values, positionals } = parseCall(args, listOptions, listUsage)
    if (positionals.length > 0) throw new UsageError('jobs list takes options only.', listUsage)
    const state = states.find((known) => known === values.state) ?? null
    if (values.state !== undefined && state === null) throw new UsageError(`No job is "${values.state}".`, listUsage)
    const limit = wholeNumber(values.limit, { name: 'limit', min: 1, max: 1000, usage: listUsage })
    return await withConnection({ local: values.local }, async ({ db }) => {
      const { listJobs } = await import('#shared/jobs/list-jobs.ts')
      const jobs = await listJobs(db, { kind: values.kind ?? null, state, limit })
      if (!output.json)
        output.text(jobs.length === 0 ? 'No such job.' : table(jobs.map(({ id, job }) => jobRow(id, job))))
      else for (const { id, job } of jobs) output.result({ type: 'job', ...jobView(id, job) }, id)
      return true
    })
  },
}

export const jobsShow: Command = {
  words: ['jobs', 'show'],
  synopsis: 'jobs show JOB',
  summary: 'all about one job',
  usage: showUsage,
  options: {},
  examples: ['forge jobs show 5d0c3b1f'],
  async run(args, { output }) {
    const { values, positionals } = parseCall(args, {}, showUsage)
    const [text, ...more] = positionals
    if (text === undefined || more.length > 0) throw new UsageError('Name one job.', showUsage)
    const id = jobIdOf(text, showUsage)
    return await withConnection({ local: values.local }, async ({ db }) => {
      const { jobRef, toJobRecord } = await import('#shared/jobs/job-record.ts')
      const job = toJobRecord(await jobRef(db, id).get())
      if (job === null) {
        output.failure({ code: 'forge.no-such-job', message: `There is no job ${id}.` })
        return false
      }
      output.result({ type: 'job', ...jobView(id, job) }, jobViewText(output, id, job))
      return true
    })
  },
}

export const jobsRetry: Command = {
  words: ['jobs', 'retry'],
  synopsis: 'jobs retry JOB…',
  summary: 'have failed or resting jobs taken up again',
  usage: retryUsage,
  options: {},
  examples: ['forge jobs retry 5d0c3b1f 77aa01c2'],
  async run(args, context) {
    const { values, positionals } = parseCall(args, {}, retryUsage)
    if (positionals.length === 0) throw new UsageError('Name the jobs.', retryUsage)
    const ids = positionals.map((text) => jobIdOf(text, retryUsage))
    return await withConnection({ local: values.local }, async (connection) => {
      let isGood = true
      for (const id of ids) isGood = (await retry(connection, id, context)) && isGood
      return isGood
    })
  },
}

async function retry(connection: Connection, id: string, { output }: CommandContext): Promise<boolean> {
  const { reopenJob } = await import('#shared/jobs/reopen.ts')
  const { db, jobs, config } = connection
  const reopened = await reopenJob(db, id, { deadlineMs: config.JOB_DEADLINE_MS })
  switch (reopened.kind) {
    case 'none':
      output.failure({ code: 'forge.no-such-job', message: `There is no job ${id}.` })
      return false
    case 'done':
      output.result({ type: 'retried', id, outcome: 'done' }, `${id}  is done; ask anew for another one`)
      return true
    case 'live':
    case 'reopened':
      await jobs.wake({ id, fence: reopened.job.fence })
      output.result({ type: 'retried', id, outcome: reopened.kind }, `${id}  ${reopened.kind}: due now`)
      return true
    default:
      return reopened satisfies never
  }
}
