import { sleep } from '#shared/retry/sleep.ts'
import { type AppClients, openClients } from '../app/clients.ts'
import type { LocalCloud } from '../cloud.ts'
import { internalCaller, localProject } from '../environment.ts'
import { freePort, startService } from '../service-process.ts'
import { type ServiceRow, serviceTable } from '../services.ts'
import { startTemporaryCloud } from '../temporary-cloud.ts'
import { quantitiesOf, type RunQuantities } from './measured-run.ts'
import { type RecordedEdges, recordService } from './record-service.ts'
import type { Recording } from './recording.ts'

/** The local cloud with services as processes of their own, each between proxies that note what it asks of Google. */
export interface RecordedCloud {
  cloud: LocalCloud
  clients: AppClients
  /** Where a service is reached. */
  urlOf(service: string): string
  recordingOf(service: string): Recording
  /** What every service has asked for so far. */
  quantities(): RunQuantities
  /** Waits until no service has answered anything for a moment: what goes on behind an end that people see is over. */
  settled(): Promise<void>
  /** Calls each service's reconciler once, as Cloud Scheduler does. */
  reconcile(): Promise<void>
  close(): Promise<void>
}

export interface RecordedCloudOptions {
  /** Those to start; all by default. */
  services?: readonly string[]
  /** Variables of a service besides the local ones. */
  extraEnv?: (service: string, cloud: LocalCloud) => Promise<Record<string, string>>
}

/** Waiting passes so many times faster; nothing that is counted here depends on it. */
const TIME_SCALE = 3
/** Longer than a task or an event of the local cloud takes to arrive. */
const QUIET_MS = 300

interface RecordedService {
  row: ServiceRow
  port: number
  edges: RecordedEdges
}

export async function startRecordedCloud(options: RecordedCloudOptions = {}): Promise<RecordedCloud> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const one of closers.splice(0).toReversed()) await one()
  }
  try {
    const services: RecordedService[] = []
    for (const row of serviceTable.filter(({ name }) => options.services?.includes(name) ?? true)) {
      const port = await freePort()
      const edges = await recordService(row.name, `http://127.0.0.1:${port}`)
      closers.push(() => edges.close())
      services.push({ row, port, edges })
    }
    const find = (name: string) => services.find(({ row }) => row.name === name)
    const urlOf = (name: string) => find(name)?.edges.url ?? 'http://127.0.0.1:1'
    const triggers = services.flatMap(({ row, edges }) => row.triggers(edges.url))
    const temporary = await startTemporaryCloud({ triggers, timeScale: TIME_SCALE })
    closers.push(temporary.close)
    const { cloud } = temporary
    await Promise.all(
      services.map(async (service) => {
        const own = await environmentOf(service, { cloud, urlOf })
        const extra = (await options.extraEnv?.(service.row.name, cloud)) ?? {}
        const env = { PATH: process.env.PATH, LOG_LEVEL: 'warn', ...own, ...extra }
        const running = await startService({ name: service.row.name, port: service.port, env, output: 'stderr' })
        closers.push(() => running.stop())
      }),
    )
    const clients = openClients({ documentsHost: cloud.documentsHost, bucketUrl: cloud.bucket.url })
    closers.push(() => clients.close())
    return {
      cloud,
      clients,
      urlOf,
      recordingOf(name) {
        const service = find(name)
        if (service === undefined) throw new Error(`${name} was not started.`)
        return service.edges.recording
      },
      quantities: () => Object.fromEntries(services.map(({ row, edges }) => [row.name, quantitiesOf(edges.recording)])),
      async settled() {
        const total = () => services.reduce((sum, { edges }) => sum + edges.recording.served.length, 0)
        const isBusy = () => services.some(({ edges }) => edges.recording.underWay > 0)
        for (let seen = -1; seen !== total() || isBusy(); ) {
          seen = total()
          await sleep(QUIET_MS)
        }
      },
      async reconcile() {
        for (const { edges } of services) await reconcile(cloud, edges.url)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function environmentOf(
  { row, edges }: RecordedService,
  { cloud, urlOf }: { cloud: LocalCloud; urlOf: (name: string) => string },
): Promise<Record<string, string>> {
  const local = { ...cloud.environmentFor(edges.url), ...(row.isTraining ? trainingEnvironment(cloud, urlOf) : {}) }
  const servers = await edges.record({
    bucketUrl: cloud.bucket.url,
    documentsHost: cloud.documentsHost,
    tasksUrl: cloud.tasks.url,
  })
  return {
    ...local,
    STORAGE_EMULATOR_HOST: servers.bucketUrl,
    FIRESTORE_EMULATOR_HOST: servers.documentsHost,
    TASKS_BASE_URL: servers.tasksUrl,
    // Under the names of infra/project.yaml: a queue a service, one account for all tasks.
    TASKS_QUEUE: `projects/${localProject}/locations/local/queues/${row.name}`,
    TASKS_SERVICE_ACCOUNT: internalCaller,
    FETCH_ALLOW_HOSTS: [local.FETCH_ALLOW_HOSTS, new URL(servers.bucketUrl).host].join(','),
  }
}

function trainingEnvironment(cloud: LocalCloud, urlOf: (name: string) => string): Record<string, string> {
  return { ...cloud.trainingEnvironment(urlOf('replicate-webhook')), MODEL_SYNC_URL: urlOf('model-sync') }
}

async function reconcile(cloud: LocalCloud, serviceUrl: string): Promise<void> {
  const token = await cloud.identity.mint({ audience: serviceUrl, email: internalCaller })
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(new URL('/internal/reconcile', serviceUrl), { method: 'POST', headers })
  if (!answer.ok) throw new Error(`The reconciler at ${serviceUrl} answered ${answer.status}: ${await answer.text()}`)
  await answer.body?.cancel()
}
