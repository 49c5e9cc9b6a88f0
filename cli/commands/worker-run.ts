import { type Command, parseCall, UsageError, wholeNumber } from '../command.ts'
import { prepareEnvironment } from '../connect.ts'
import { untilTerminated } from '../interrupt.ts'
import type { QueueName } from '../worker/task.ts'

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
    const [{ readWorkerConfigs }, { work }] = await Promise.all([
      import('../worker/open-queues.ts'),
      import('../worker/work.ts'),
    ])
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
