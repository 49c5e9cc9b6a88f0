import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '#shared/logging/logger.ts'
import { openClients } from './app/clients.ts'
import { sendPicture } from './app/send-picture.ts'
import { anyPorts, localBuckets, startCloud } from './cloud.ts'
import { freePort, startService } from './service-process.ts'
import { serviceTable } from './services.ts'

/** The picture of a fresh clone. */
const defaultPicture = fileURLToPath(new URL('../docs/images/demo.jpg', import.meta.url))

/**
 * `npm run demo`: starts what it needs on free ports, sends one picture through and saves the result. The path of the
 * result is the last line of standard output. @throws Error with the reason.
 */
export async function runDemo(params: {
  picture: string | null
  env: NodeJS.ProcessEnv
  outputDir: string
  signal: AbortSignal
}): Promise<void> {
  const { signal } = params
  const dataDir = await mkdtemp(join(tmpdir(), 'forge-demo-'))
  const closers: (() => Promise<unknown>)[] = [() => rm(dataDir, { recursive: true, force: true })]
  try {
    const worker = serviceTable.find((service) => service.name === 'image-worker')
    if (!worker) throw new Error('The service table has no image-worker.')
    const port = await freePort()
    const serviceUrl = `http://127.0.0.1:${port}`
    const cloud = await startCloud({
      dataDir,
      ports: anyPorts,
      triggers: worker.triggers(serviceUrl),
      documentsHost: null,
      logger: silentLogger,
      refusesUnindexed: true,
    })
    closers.push(() => cloud.close())
    signal.throwIfAborted()
    const service = await startService({
      name: worker.name,
      port,
      env: { LOG_FORMAT: 'pretty', LOG_LEVEL: 'warn', ...params.env, ...cloud.environmentFor(serviceUrl) },
      output: 'stderr',
    })
    closers.push(() => service.stop())
    signal.throwIfAborted()
    const clients = openClients({ documentsHost: cloud.documentsHost, bucketUrl: cloud.bucket.url })
    closers.push(() => clients.close())

    const path = params.picture === null ? defaultPicture : resolve(params.picture)
    console.log(`Sending ${path} through bucket → event → image-worker → result.\n`)
    const say = (line: string) => console.log(line)
    const sent = await sendPicture(clients, { bucket: localBuckets.app, path, say, signal })
    await mkdir(params.outputDir, { recursive: true })
    const saved = join(params.outputDir, `showcase_${sent.characterId}.png`)
    await writeFile(saved, sent.png)
    console.log('The showcase image is saved as')
    console.log(saved)
  } finally {
    for (const close of closers.toReversed()) await close()
  }
}
