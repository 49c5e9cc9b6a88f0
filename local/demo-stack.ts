import { type AppClients, openClients } from './app/clients.ts'
import type { LocalCloud } from './cloud.ts'
import { freePort, type ServiceProcess, startService } from './service-process.ts'
import { type ServiceRow, serviceTable } from './services.ts'
import { startTemporaryCloud } from './temporary-cloud.ts'

/** What a demo runs on: a cloud of its own, services, and what an app has in its hands. */
export interface DemoStack {
  cloud: LocalCloud
  clients: AppClients
  /** Removed in the end. */
  dataDir: string
  /** @throws Error for a service that was not asked for. */
  service(name: string): ServiceProcess
}

export interface DemoStackOptions {
  /** Folders under `services/`. */
  services: readonly string[]
  env: NodeJS.ProcessEnv
  signal: AbortSignal
  /** How many times faster waiting passes than in the real cloud. */
  timeScale?: number
  /** Builds a service into a folder, to be run from there instead of from its source. @returns the file that is run. */
  bundle?: (service: string, dataDir: string) => Promise<string>
}

/** Starts what a demo needs on free ports, runs it, and ends all of it however the demo ends. @throws Error with the reason. */
export async function withDemoStack(
  options: DemoStackOptions,
  run: (stack: DemoStack) => Promise<void>,
): Promise<void> {
  const { signal } = options
  const closers: (() => Promise<unknown>)[] = []
  try {
    const places = await Promise.all(options.services.map(placeOf))
    const triggers = places.flatMap(({ row, url }) => row.triggers(url))
    const { timeScale = 1 } = options
    const { cloud, dataDir, close } = await startTemporaryCloud({ triggers, timeScale })
    closers.push(close)
    signal.throwIfAborted()
    const started = await Promise.all(
      places.map(async (place) => {
        const service = await start(place, { ...options, cloud, dataDir, places })
        closers.push(() => service.stop())
        return service
      }),
    )
    signal.throwIfAborted()
    const clients = openClients({ documentsHost: cloud.documentsHost, bucketUrl: cloud.bucket.url })
    closers.push(() => clients.close())
    await run({ cloud, clients, dataDir, service: (name) => find(started, name) })
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}

/** A service of the table, and where it is to listen. */
interface Place {
  name: string
  row: ServiceRow
  port: number
  url: string
}

async function placeOf(name: string): Promise<Place> {
  const port = await freePort()
  return { name, row: find(serviceTable, name), port, url: `http://127.0.0.1:${port}` }
}

async function start(
  { name, row, port, url }: Place,
  setup: DemoStackOptions & { cloud: LocalCloud; dataDir: string; places: readonly Place[] },
): Promise<ServiceProcess> {
  const { cloud, places, env, dataDir } = setup
  const bundle = await setup.bundle?.(name, dataDir)
  return await startService({
    name,
    port,
    ...(bundle === undefined ? {} : { bundle }),
    env: {
      LOG_FORMAT: 'pretty',
      LOG_LEVEL: 'warn',
      ...env,
      ...cloud.environmentFor(url),
      ...(row.isTraining ? cloud.trainingEnvironment(find(places, 'replicate-webhook').url) : {}),
    },
    output: 'stderr',
  })
}

function find<T extends { name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name)
  if (found === undefined) throw new Error(`There is no service ${name} here.`)
  return found
}
