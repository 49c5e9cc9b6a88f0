import { createLogger } from '#shared/logging/create-logger.ts'
import { prettyLine } from '#shared/logging/pretty.ts'
import { type ProcessPort, Shutdown } from '#shared/server/shutdown.ts'
import type { CommandContext } from '../command.ts'
import { openDocuments } from '../connect.ts'
import { Interrupted } from '../interrupt.ts'
import type { Output } from '../output.ts'
import { openQueues, type WorkerConfigs } from './open-queues.ts'
import { Worker } from './run-worker.ts'
import { WorkerReport } from './worker-report.ts'

/** Works on the queues until they are empty (`once`) or the signal stops it. True when all that was asked for went well. */
export async function work(
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
