import { join } from 'node:path'
import { createLogger } from '#shared/logging/create-logger.ts'
import { defaultPorts, localBuckets, startCloud, withOwnHubs } from './cloud.ts'
import { scheduleReconciler } from './scheduler.ts'
import { type ServiceProcess, startService, watchCode } from './service-process.ts'
import { serviceTable } from './services.ts'

const reconcileEveryMs = 60_000

/** `npm run dev`: the whole local cloud and every service, until Ctrl-C. Data lies under `dataDir` and survives. */
export async function runDev(params: { env: NodeJS.ProcessEnv; dataDir: string; portOffset: number }): Promise<void> {
  const { env, dataDir, portOffset } = params
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
    documentsHost: env.FIRESTORE_EMULATOR_HOST ?? null,
    logger,
  })

  const urlOf = (name: string) => `http://127.0.0.1:${services.find((service) => service.name === name)?.port}`
  const publicEnvironment = {
    ...cloud.trainingEnvironment(urlOf('replicate-webhook')),
    MODEL_SYNC_URL: urlOf('model-sync'),
  }
  let isStopping = false
  const running = new Map<string, ServiceProcess>()
  const start = async (service: (typeof services)[number]) => {
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
    if (isStopping) return
    console.log(`The code of ${service.name} changed; it starts again.`)
    const old = running.get(service.name)
    running.delete(service.name)
    await old?.stop()
    await start(service).catch((error: unknown) => console.log(String(error)))
  }

  for (const service of services) await start(service)
  const closers = services.flatMap((service) => {
    // One restart after the other: two at once would fight for the port.
    let queue = Promise.resolve()
    return [
      watchCode(service.name, () => {
        queue = queue.then(() => restart(service))
      }),
      scheduleReconciler({
        serviceUrl: `http://127.0.0.1:${service.port}`,
        identity: cloud.identity,
        everyMs: reconcileEveryMs,
        logger,
      }),
    ]
  })
  console.log(greeting({ cloud, services: [...running.values()], dataDir }))

  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  isStopping = true
  console.log('\nStopping …')
  for (const closer of closers) closer.close()
  await Promise.all([...running.values()].map((service) => service.stop()))
  await cloud.close()
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
  npm run forge -- sync --civitai 1001 --local
  npm run forge -- train FOLDER-OF-PHOTOS --name Ana --type woman --local

The app's bucket is ${localBuckets.app}. Ctrl-C ends everything.
`
}

function about({ name, url }: ServiceProcess): string {
  return name === 'api' ? `${url}  (to read: ${url}/docs)` : url
}
