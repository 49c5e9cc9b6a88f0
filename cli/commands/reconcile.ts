import { silentLogger } from '#shared/logging/logger.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { type Connection, prepareEnvironment, type ReconciledService, withConnection } from '../connect.ts'
import { imageOperations, syncOperations } from '../operations.ts'
import { table } from '../output.ts'

const usage = `forge reconcile [image-worker|model-sync|replicate-webhook|api] [--json] [--local]

Finds what events missed (overdue jobs, characters that say "working" and models that say "syncing"
with nobody at work, models whose source said when to ask again, trainings that nobody looks after,
leftover temporaries) and has it taken up, as Cloud Scheduler does every few minutes. With TASKS_QUEUE
it works from here; without, and for replicate-webhook and api, it asks the service to do it.
SERVICE_URL and TASKS_QUEUE are those of the service that you name (image-worker if none).
`

const SERVICES = ['image-worker', 'model-sync', 'replicate-webhook', 'api'] as const satisfies ReconciledService[]

export const reconcile: Command = {
  words: ['reconcile'],
  synopsis: 'reconcile [SERVICE]',
  summary: 'take up what events missed',
  usage,
  options: {},
  examples: ['forge reconcile', 'forge reconcile model-sync --local'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, {}, usage)
    const service = serviceOf(positionals)
    const options = { local: values.local, service }
    await prepareEnvironment(options)
    const [{ loadConfig }, { createWakeQueue }] = await Promise.all([
      import('#shared/config/load.ts'),
      import('#shared/jobs/create-wake-queue.ts'),
    ])
    const config = loadConfig('forge', process.env)
    const report =
      createWakeQueue(config) !== null && isWorkedFromHere(service)
        ? await withConnection(options, (connection) => fromHere(connection, service))
        : await byService(config.SERVICE_URL, signal)
    output.result({ type: 'reconciled', service, ...report }, `${service}:\n${table(Object.entries(report))}`)
    return true
  },
}

/** The services of trainings have what their reconcilers need: a token for Replicate. */
type WorkedFromHere = 'image-worker' | 'model-sync'

function isWorkedFromHere(service: ReconciledService): service is WorkedFromHere {
  return service === 'image-worker' || service === 'model-sync'
}

function serviceOf(positionals: string[]): ReconciledService {
  const [service = 'image-worker', ...more] = positionals
  const found = SERVICES.find((name) => name === service)
  if (found !== undefined && more.length === 0) return found
  throw new UsageError(`"${positionals.at(-1)}" has no reconciler.`, usage)
}

async function fromHere(connection: Connection, service: WorkedFromHere): Promise<Record<string, number>> {
  const { db, store, jobs, config } = connection
  const deps = { db, store, jobs, stuckAfterMs: config.STUCK_AFTER_MS, logger: silentLogger, now: () => new Date() }
  if (service === 'model-sync') {
    const { reconcile } = await syncOperations()
    return { ...(await reconcile({ ...deps, bucket: config.MODELS_STORAGE_BUCKET })) }
  }
  const { reconcile } = await imageOperations()
  return { ...(await reconcile({ ...deps, workBucket: config.WORK_BUCKET })) }
}

async function byService(serviceUrl: string | null, signal: AbortSignal): Promise<Record<string, number>> {
  if (serviceUrl === null) {
    throw new UsageError('Give TASKS_QUEUE (with SERVICE_URL and TASKS_SERVICE_ACCOUNT), or SERVICE_URL alone.', usage)
  }
  const { askService } = await import('../reconcile/ask-service.ts')
  return await askService(serviceUrl, signal)
}
