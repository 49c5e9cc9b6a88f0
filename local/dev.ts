import { join } from 'node:path'
import { createLogger } from '#shared/logging/create-logger.ts'
import { defaultPorts, defaultServers, localBuckets, startCloud, withOwnHubs } from './cloud.ts'
import { scheduleReconciler } from './scheduler.ts'
import { type ServiceProcess, startService, watchCode } from './service-process.ts'
import { serviceTable } from './services.ts'
import { aborted } from './stop-signal.ts'

const reconcileEveryMs = 60_000

/**
 * `npm run dev`: the whole local cloud and every service, until the signal. Data lies under `dataDir` and survives.
 * @throws Error when a part of it cannot start, or the signal's when that comes before all have.
 */
export async function runDev(params: {
  env: NodeJS.ProcessEnv
  dataDir: string
  portOffset: number
  signal: AbortSignal
}): Promise<void> {
  const { env, dataDir, portOffset, signal } = params
  const logger = createLogger({ service: 'local', level: 'warn', format: 'pretty' })
  const at = (port: number) => port + portOffset
  const services = serviceTable.map((service, index) => ({ ...service, port: at(defaultPorts.services) + index }))
  const cloud = await startCloud({
    dataDir,
    ports: {
      bucket: at(defaultPorts.bucket),
      documents: at(defaultPorts.documents),
      tasks: at(defaultPorts.tasks),
      clipdrop: at(defaultPorts.clipdrop),
      replicate: at(defaultPorts.replicate),
      civitai: at(defaultPorts.civitai),
      huggingface: at(defaultPorts.huggingface),
      fileHost: at(defaultPorts.fileHost),
      signIn: at(defaultPorts.signIn),
    },
    triggers: services.flatMap((service) => service.triggers(`http://127.0.0.1:${service.port}`)),
    documentsHost: otherFirestore(env, at(defaultPorts.documents)),
    logger,
  })

  const urlOf = (name: string) => `http://127.0.0.1:${services.find((service) => service.name === name)?.port}`
  const publicEnvironment = {
    ...cloud.trainingEnvironment(urlOf('replicate-webhook')),
    MODEL_SYNC_URL: urlOf('model-sync'),
  }
  const running = new Map<string, ServiceProcess>()
  let isStopping = false
  const start = async (service: (typeof services)[number]) => {
    if (signal.aborted) return
    const serviceUrl = `http://127.0.0.1:${service.port}`
    const process = await startService({
      name: service.name,
      port: service.port,
      env: {
        LOG_FORMAT: 'pretty',
        ...env,
        ...withOwnHubs(cloud.environmentFor(serviceUrl), env),
        ...(service.isTraining ? publicEnvironment : {}),
      },
      onExit: (code) => {
        if (!isStopping && running.delete(service.name)) {
          console.log(`${service.name} ended with code ${code}; it starts again at the next change of its code.`)
        }
      },
    })
    running.set(service.name, process)
  }
  const restart = async (service: (typeof services)[number]) => {
    if (signal.aborted) return
    console.log(`The code of ${service.name} changed; it starts again.`)
    const old = running.get(service.name)
    running.delete(service.name)
    await old?.stop()
    await start(service).catch((error: unknown) => console.log(String(error)))
  }

  const closers: { close(): void | Promise<void> }[] = []
  try {
    for (const service of services) await start(service)
    signal.throwIfAborted()
    for (const service of services) {
      // One restart after the other: two at once would fight for the port.
      let queue = Promise.resolve()
      const watcher = watchCode(service.name, () => {
        queue = queue.then(() => restart(service))
      })
      const serviceUrl = `http://127.0.0.1:${service.port}`
      closers.push(
        { close: () => queue },
        watcher,
        scheduleReconciler({ serviceUrl, identity: cloud.identity, everyMs: reconcileEveryMs, logger }),
      )
    }
    console.log(greeting({ cloud, services: [...running.values()], dataDir }))
    await aborted(signal)
    console.log('\nStopping …')
  } finally {
    isStopping = true
    for (const closer of closers.toReversed()) await closer.close()
    await Promise.all([...running.values()].map((service) => service.stop()))
    await cloud.close()
  }
}

/** The Firestore that the user runs already; our own address is no other's, though our greeting says to export it. */
export function otherFirestore(env: NodeJS.ProcessEnv, ownPort: number): string | null {
  const host = env.FIRESTORE_EMULATOR_HOST || null
  return host === null || /^(127\.0\.0\.1|localhost|\[::1\]):(\d+)$/.exec(host)?.[2] === String(ownPort) ? null : host
}

function greeting(params: {
  cloud: Awaited<ReturnType<typeof startCloud>>
  services: ServiceProcess[]
  dataDir: string
}): string {
  const { cloud, services } = params
  const rows: [string, string][] = [
    ['bucket server', cloud.bucket.url],
    ['document server', cloud.documentsHost],
    ['task queue', cloud.tasks.url],
    ['ClipDrop stand-in', cloud.clipdrop.url],
    ['Replicate stand-in', cloud.replicate.url],
    ['CivitAI stand-in', cloud.hubs.civitai.url],
    ['Hugging Face stand-in', cloud.hubs.huggingface.url],
    ['sign-in stand-in', cloud.signIn.url],
    ...services.map((service): [string, string] => [service.name, about(service)]),
  ]
  return `
The local cloud is running; its data lies in ${params.dataDir}.

${rows.map(([name, url]) => `  ${name.padEnd(22)} ${url}`).join('\n')}

Point any Google client on this machine at it:

  export STORAGE_EMULATOR_HOST=${cloud.bucket.url} FIRESTORE_EMULATOR_HOST=${cloud.documentsHost}
  export GOOGLE_CLOUD_PROJECT=charaforge-local METADATA_SERVER_DETECTION=none

Try it: in another terminal, send a picture of yours through the running services, sync a model, or train one:

  npm run local -- upload ${join('docs', 'images', 'demo.jpg')}
${forgeCalls({ dataDir: params.dataDir, bucketUrl: cloud.bucket.url, apiUrl: services.find(({ name }) => name === 'api')?.url ?? '' })}

The app's bucket is ${localBuckets.app}. Ctrl-C ends everything.
`
}

/** `--local` means the default ports; a cloud on others is named by its API and the folder that has its keys. */
export function forgeCalls(at: { dataDir: string; bucketUrl: string; apiUrl: string }): string {
  const forge = 'npm run forge --'
  const train = 'train FOLDER-OF-PHOTOS --name Ana --type woman'
  if (at.bucketUrl === defaultServers.bucketUrl) {
    return `  ${forge} sync --civitai 1001 --local\n  ${forge} ${train} --local`
  }
  return `  export FORGE_DATA_DIR='${at.dataDir}' FORGE_API_URL=${at.apiUrl}\n  ${forge} models add civitai:1001 --sync\n  ${forge} ${train}`
}

function about({ name, url }: ServiceProcess): string {
  return name === 'api' ? `${url}  (to read: ${url}/docs)` : url
}
