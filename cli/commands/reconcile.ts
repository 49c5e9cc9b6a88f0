import * as z from 'zod'
import { FinalError } from '#shared/errors/app-error.ts'
import { silentLogger } from '#shared/logging/logger.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { type Connection, connect, type ReconciledService } from '../connect.ts'
import { localDataDir } from '../local-data.ts'
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
const reportSchema = z.record(z.string(), z.number())
const requestTimeoutMs = 600_000

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
    const connection = await connect({ local: values.local, service })
    try {
      const report =
        connection.hasQueue && isWorkedFromHere(service)
          ? await fromHere(connection, service)
          : await byService(connection, signal)
      output.result({ type: 'reconciled', service, ...report }, `${service}:\n${table(Object.entries(report))}`)
      return true
    } finally {
      await connection.close()
    }
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

async function byService(connection: Connection, signal: AbortSignal): Promise<Record<string, number>> {
  const serviceUrl = connection.config.SERVICE_URL
  if (serviceUrl === null) {
    throw new UsageError('Give TASKS_QUEUE (with SERVICE_URL and TASKS_SERVICE_ACCOUNT), or SERVICE_URL alone.', usage)
  }
  const url = new URL('/internal/reconcile', serviceUrl)
  const headers = await identity(url)
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
  }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw refused(`${url.origin} could not be reached.`, cause)
  })
  if (answer.ok) return reportSchema.parse(await answer.json())
  await answer.body?.cancel()
  // Internal ingress answers 404 itself, and Cloud Run's IAM 403: a laptop is neither inside nor an invoker.
  const isOutside = [401, 403, 404].includes(answer.status)
  throw refused(
    `${url.origin} answered ${answer.status}.${isOutside ? ' It takes calls from inside and from INTERNAL_INVOKERS only: give TASKS_QUEUE, or run its Cloud Scheduler job.' : ''}`,
  )
}

/** An OIDC token, as Google's front end and the service ask for one. */
async function identity(url: URL): Promise<Record<string, string>> {
  if (url.protocol !== 'https:') {
    const { internalTokenByKey } = await import('#local/identity/internal-token.ts')
    const token = await internalTokenByKey(localDataDir(), url.origin)
    return token === null ? {} : { authorization: `Bearer ${token}` }
  }
  const { GoogleAuth } = await import('google-auth-library')
  try {
    const client = await new GoogleAuth().getIdTokenClient(url.origin)
    const token = (await client.getRequestHeaders(url.href)).get('authorization')
    return token ? { authorization: token } : {}
  } catch (cause) {
    throw refused('No identity token could be made: only service accounts get one; give TASKS_QUEUE instead.', cause)
  }
}

function refused(message: string, cause?: unknown): FinalError {
  return new FinalError({ code: 'forge.reconcile-refused', message, ...(cause === undefined ? {} : { cause }) })
}
