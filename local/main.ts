import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseByteSize } from './byte-size.ts'
import type { DataCommand } from './data/command.ts'

const usage = `The local cloud: the same services on one machine, without an account.

  npm run dev  [-- --data DIR --port-offset N]       everything, until Ctrl-C (data under .forge/)
  npm run demo [-- PICTURE]                          one picture through everything, then ends
  npm run demo:sync [-- --size SIZE]                 one generated model (1GiB) through everything, then ends
  npm run demo:train [-- FOLDER]                     photos to a trained model and sample pictures, then ends
  npm run local -- upload PICTURE                    one picture through a running \`npm run dev\`
  npm run local -- token [--user UID] [--data DIR]   an ID token for the API of a running \`npm run dev\`
  npm run local -- bucket    --port P --data DIR [--create BUCKET …]
                                                     the bucket server alone (Cloud Storage's JSON API)
  npm run local -- documents --port P --data DIR [--indexes FILE]
                                                     the document server alone (Firestore's gRPC)
  npm run local -- reset                             removes all documents and objects of a running \`npm run dev\`
  npm run local -- seed FILE                         writes the documents and objects of a file
  npm run local -- export [FILE]                     saves them all as such a file (.forge/export.json)

Keys in .env (CLIPDROP_API_KEY=…) are read by dev and demo. All variables: docs/environment.md.
`

const root = fileURLToPath(new URL('..', import.meta.url))
const outputDir = resolve(root, '.forge', 'demo')

class UsageError extends Error {}

const [command = 'help', ...rest] = process.argv.slice(2)
try {
  await run(command, rest)
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error)
  console.error(isUsage ? `${messageOf(error)}\n\n${usage}` : messageOf(error))
  process.exitCode = isUsage ? 2 : 1
}

async function run(command: string, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      data: { type: 'string' },
      create: { type: 'string', multiple: true },
      'port-offset': { type: 'string' },
      size: { type: 'string' },
      user: { type: 'string' },
      indexes: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help || command === 'help' || command === '--help') return console.log(usage)
  const dataDir = resolve(values.data ?? resolve(root, '.forge'))
  switch (command) {
    case 'bucket':
      return await serveBucket({ port: portOf(values.port), dataDir, create: values.create ?? [] })
    case 'documents':
      return await serveDocuments({ port: portOf(values.port), dataDir, indexFile: values.indexes ?? null })
    case 'dev': {
      readDotEnv()
      const { runDev } = await import('./dev.ts')
      return await runDev({
        env: process.env,
        dataDir,
        portOffset: integerOf(values['port-offset'] ?? '0', '--port-offset'),
      })
    }
    case 'demo': {
      readDotEnv()
      const { runDemo } = await import('./demo.ts')
      return await runDemo({ picture: positionals[0] ?? null, env: process.env, outputDir })
    }
    case 'demo-sync': {
      const sizeBytes = byteSizeOf(values.size ?? '1GiB')
      readDotEnv()
      const { runDemoSync } = await import('./demo-sync.ts')
      return await runDemoSync({ sizeBytes, env: process.env, signal: stopSignal() })
    }
    case 'demo-train': {
      readDotEnv()
      const { runDemoTrain } = await import('./demo-train.ts')
      return await runDemoTrain({ folder: positionals[0] ?? null, env: process.env, outputDir, signal: stopSignal() })
    }
    case 'token': {
      const { localUser, signInByKey } = await import('./identity/local-user.ts')
      const token = await signInByKey(dataDir, localUser(values.user))
      if (token === null) throw new Error(`No local cloud has run with its data in ${dataDir}.`)
      return console.log(token)
    }
    case 'reset':
      return await changeData({ kind: 'reset' })
    case 'seed':
      return await changeData({ kind: 'seed', path: resolve(fileOf(positionals[0])) })
    case 'export':
      return await changeData({
        kind: 'export',
        path: resolve(positionals[0] ?? resolve(root, '.forge', 'export.json')),
      })
    case 'upload':
      return await upload(positionals[0])
    default:
      throw new UsageError(`There is no command "${command}".`)
  }
}

async function serveBucket(params: { port: number; dataDir: string; create: string[] }): Promise<void> {
  const { startBucketServer } = await import('./bucket/server.ts')
  const server = await startBucketServer({ port: params.port, dataDir: params.dataDir })
  for (const name of params.create) await server.createBucket(name)
  console.log(`The bucket server is ready at ${server.url}; its data lies in ${params.dataDir}.`)
  await untilStopped()
  await server.close()
}

async function serveDocuments(params: { port: number; dataDir: string; indexFile: string | null }): Promise<void> {
  const { port, dataDir, indexFile } = params
  const { startDocumentServer } = await import('./documents/server.ts')
  const { readIndexFile } = await import('./documents/indexes/declared.ts')
  const declared = indexFile === null ? [] : readIndexFile(indexFile)
  const indexes = { declared, onMissing: (message: string) => console.warn(message) }
  const server = await startDocumentServer({ port, dataDir, indexes })
  console.log(`The document server is ready at ${server.host}; its data lies in ${dataDir}.`)
  await untilStopped()
  await server.close()
}

async function changeData(command: DataCommand): Promise<void> {
  const { runDataCommand } = await import('./data/command.ts')
  console.log(await runDataCommand(command, process.env))
}

function fileOf(path: string | undefined): string {
  if (path === undefined) throw new UsageError('Name a file.')
  return path
}

async function upload(picture: string | undefined): Promise<void> {
  if (picture === undefined) throw new UsageError('Name a picture to upload.')
  const { openClients } = await import('./app/clients.ts')
  const { sendPicture } = await import('./app/send-picture.ts')
  const { localBuckets, defaultServers } = await import('./cloud.ts')
  const clients = openClients({
    documentsHost: process.env.FIRESTORE_EMULATOR_HOST ?? defaultServers.documentsHost,
    bucketUrl: process.env.STORAGE_EMULATOR_HOST ?? defaultServers.bucketUrl,
  })
  try {
    const sent = await sendPicture(clients, {
      bucket: localBuckets.app,
      path: picture,
      say: (line) => console.log(line),
    })
    await mkdir(outputDir, { recursive: true })
    const saved = resolve(outputDir, `showcase_${sent.characterId}.png`)
    await writeFile(saved, sent.png)
    console.log(saved)
  } finally {
    await clients.close()
  }
}

/** What is set in the shell wins over the file, as everywhere. */
function readDotEnv(): void {
  const path = resolve(root, '.env')
  if (existsSync(path)) process.loadEnvFile(path)
}

function portOf(text: string | undefined): number {
  const port = integerOf(text ?? '0', '--port')
  if (port < 0 || port > 65_535) throw new UsageError('--port takes a number from 0 (any free port) to 65535.')
  return port
}

function integerOf(text: string, option: string): number {
  if (!/^-?\d+$/.test(text)) throw new UsageError(`${option} takes a whole number, not "${text}".`)
  return Number(text)
}

function byteSizeOf(text: string): number {
  const sizeBytes = parseByteSize(text)
  if (sizeBytes !== null && sizeBytes >= 4096) return sizeBytes
  throw new UsageError(`--size takes at least 4096 bytes, as 1073741824, 24MB or 1GiB, not "${text}".`)
}

/** For a demo: aborted by Ctrl-C. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  void untilStopped().then(() => stop.abort(new Error('The demo was stopped.')))
  return stop.signal
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

function messageOf(error: unknown): string {
  const facts: { code?: unknown; port?: unknown } = typeof error === 'object' && error !== null ? error : {}
  if (facts.code === 'EADDRINUSE') {
    const other = command === 'dev' ? '`npm run dev -- --port-offset 1000` moves all ports' : '`--port` takes another'
    return `Port ${facts.port} is taken, perhaps by another local cloud; ${other}.`
  }
  return error instanceof Error ? error.message : String(error)
}
