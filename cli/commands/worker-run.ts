import { createLogger } from '#shared/logging/create-logger.ts'
import { prettyLine } from '#shared/logging/pretty.ts'
import { type ProcessPort, Shutdown } from '#shared/server/shutdown.ts'
import { type Command, type CommandContext, parseCall, UsageError, wholeNumber } from '../command.ts'
import { openDocuments, prepareEnvironment } from '../connect.ts'
import { Interrupted, untilTerminated } from '../interrupt.ts'
import type { Output } from '../output.ts'
import { openQueues, readWorkerConfigs, type WorkerConfigs } from '../worker/open-queues.ts'
import { Worker } from '../worker/run-worker.ts'
import type { QueueName } from '../worker/task.ts'
import { WorkerReport } from '../worker/worker-report.ts'

const usage = `forge worker run [--once] [--only images|models] [--poll SECONDS] [--json] [--local]

Does here what the services do on Cloud Run: copies models whose status is "syncing", makes showcase
images that characters wait for, goes on with what others left behind. For a notebook or a server at
home (docs/worker.md). Several workers and Cloud Run may run at once: each job is one's at a time.

  --once           ends when nothing is left to do; exit code 1 if something failed
  --only …         images or models alone
  --poll SECONDS   how often to look (default 15)

It reads the variables of image-worker and model-sync (docs/environment.md); where those of one are
missing, the other works alone. Ctrl-C or SIGTERM puts down what is under way, for anybody to go on.
`

const options = {
  once: { type: 'boolean', default: false },
  only: { type: 'string' },
  poll: { type: 'string', default: '15' },
} as const

export const workerRun: Command = {
  words: ['worker', 'run'],
  synopsis: 'worker run [--once]',
  summary: 'do the work of the services here',
  usage,
  options,
  choices: { only: ['images', 'models'] },
  examples: ['forge worker run', 'forge worker run --once --only models'],
  async run(args, context) {
    const { once, only, pollMs, local } = parse(args)
    await prepareEnvironment({ local })
    const configs = readWorkerConfigs(process.env, only)
    const terminated = untilTerminated()
    const signal = AbortSignal.any([context.signal, terminated.signal])
    try {
      return await work(configs, { ...context, signal, once, pollMs })
    } finally {
      terminated.stop()
    }
  },
}

function parse(args: string[]) {
  const { values, positionals } = parseCall(args, options, usage)
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is too much here.`, usage)
  const { once, local } = values
  const only = queueOf(values.only)
  const pollMs = 1000 * wholeNumber(values.poll, { name: 'poll', min: 1, max: 3600, usage })
  return { once, only, pollMs, local }
}

function queueOf(text: string | undefined): QueueName | null {
  if (text === undefined || text === 'images' || text === 'models') return text ?? null
  throw new UsageError(`--only takes images or models, not "${text}".`, usage)
}

async function work(
  configs: WorkerConfigs,
  call: CommandContext & { once: boolean; pollMs: number },
): Promise<boolean> {
  const { output, signal, once, pollMs } = call
  const config = configs.models ?? configs.images
  if (config === null) throw new Error('There is no queue to work on.') // readWorkerConfigs has thrown.
  const { db } = await openDocuments(config)
  const report = new WorkerReport(db, output)
  let worker: Worker | null = null
  const shutdown = new Shutdown({
    limitMs: config.SHUTDOWN_MS,
    logger: loggerFor(output),
    process: noProcess,
    drain: async () => worker?.ended(),
  })
  try {
    const queues = await openQueues(configs, { db, logger: loggerFor(output), shutdown })
    const names = queues.map(({ name }) => name)
    if (configs.missing) output.note(`${configs.missing.name} are left to others: ${configs.missing.reason}`)
    const project = config.GOOGLE_CLOUD_PROJECT
    output.result(
      { type: 'worker', queues: names, project, once },
      `Working on ${names.join(' and ')} of ${project}${once ? '' : '; Ctrl-C ends it'}.`,
    )
    worker = new Worker({ queues, once, pollMs, events: report, signal })
    await worker.run()
    if (signal.aborted) output.note('Putting down what is under way …')
  } finally {
    const isClean = await shutdown.run()
    await db.terminate()
    if (!isClean) output.note('Something did not end in time; its lease runs out by itself.')
  }
  const { done, failed, canceled } = report.summary
  output.result({ type: 'summary', done, failed, canceled }, `${done} done, ${failed} failed, ${canceled} canceled.`)
  if (once && signal.aborted) throw new Interrupted('Stopped before the queue was empty.')
  return !once || failed === 0
}

/** The worker ends when its loop does; signals are the command line's. */
const noProcess: ProcessPort = { on() {}, off() {}, exit() {} }

/** What the services log beside the results, on standard error. */
function loggerFor(output: Output) {
  return createLogger({ service: 'forge', level: 'warn', destination: { write: (line) => tellLine(output, line) } })
}

function tellLine(output: Output, line: string): void {
  const entry: { jobId?: unknown; code?: unknown } = JSON.parse(line)
  // How a job failed is in the report already, where it was foreseen; only the unforeseen needs its stack.
  const isReported = entry.jobId !== undefined && entry.code !== undefined && entry.code !== 'internal'
  if (output.json) output.log(line)
  else if (!isReported) output.log(prettyLine(line, { colours: false }))
}
