import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { parseByteSize } from './byte-size.ts'
import type { DataCommand } from './data/command.ts'
import { defaultPorts, defaultServers, localBuckets } from './environment.ts'
import { failureMessage } from './failure-message.ts'
import { checkLocalServer } from './local-server.ts'
import { aborted, stopSignal } from './stop-signal.ts'

const usage = `The local cloud: the same services on one machine, without an account.

  npm run dev  [-- --data DIR --port-offset N]       everything, until Ctrl-C (data under .forge/)
  npm run demo [-- PICTURE]                          one picture through everything, then ends
  npm run demo:sync [-- --size SIZE]                 one generated model (1GiB) through everything, then ends
  npm run demo:train [-- FOLDER]                     photos to a trained model and sample pictures, then ends
  npm run local -- upload PICTURE                    one picture through a running \`npm run dev\`
  npm run local -- token [--user UID] [--data DIR]   an ID token for the API of a running \`npm run dev\`
  npm run local -- bucket    [--port P --data DIR --create BUCKET …]
                                                     the bucket server alone (Cloud Storage's JSON API), on any free port
  npm run local -- documents [--port P --data DIR --indexes FILE]
                                                     the document server alone (Firestore's gRPC), likewise
  npm run local -- reset                             removes all documents and objects of a running \`npm run dev\`
  npm run local -- seed FILE                         writes the documents and objects of a file
  npm run local -- export [FILE]                     saves them all as such a file (.forge/export.json)

Keys in .env (CLIPDROP_API_KEY=…) are read by dev and demo. All variables: docs/environment.md.
`

const root = fileURLToPath(new URL('..', import.meta.url))
const outputDir = resolve(root, '.forge', 'demo')
const demoStopped = 'The demo was stopped.'

class UsageError extends Error {}

const options = {
  port: { type: 'string' },
  data: { type: 'string' },
  create: { type: 'string', multiple: true },
  'port-offset': { type: 'string' },
  size: { type: 'string' },
  user: { type: 'string' },
  indexes: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsOptionsConfig

/** What each command takes besides `--help`; whatever else is given was meant for another. */
const commands: Record<string, { options: readonly (keyof typeof options)[]; positionals: 0 | 1 }> = {
  bucket: { options: ['port', 'data', 'create'], positionals: 0 },
  documents: { options: ['port', 'data', 'indexes'], positionals: 0 },
  dev: { options: ['data', 'port-offset'], positionals: 0 },
  demo: { options: [], positionals: 1 },
  'demo-sync': { options: ['size'], positionals: 0 },
  'demo-train': { options: [], positionals: 1 },
  token: { options: ['user', 'data'], positionals: 0 },
  reset: { options: [], positionals: 0 },
  seed: { options: [], positionals: 1 },
  export: { options: [], positionals: 1 },
  upload: { options: [], positionals: 1 },
}

const [given = 'help', ...rest] = process.argv.slice(2)
const command = given === '--help' || given === '-h' ? 'help' : given
try {
  await run(command, rest)
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error)
  console.error(isUsage ? `${failureMessage(error, command)}\n\n${usage}` : failureMessage(error, command))
  process.exitCode = isUsage ? 2 : 1
}

async function run(command: string, args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  if (values.help || command === 'help') return console.log(usage)
  checkUse(command, Object.keys(values), positionals)
  const dataDir = resolve(values.data ?? defaultDataDir(command))
  switch (command) {
    case 'bucket':
      return await serveBucket({ port: portOf(values.port), dataDir, create: values.create ?? [] })
    case 'documents':
      return await serveDocuments({ port: portOf(values.port), dataDir, indexFile: values.indexes ?? null })
    case 'dev': {
      const portOffset = portOffsetOf(values['port-offset'] ?? '0')
      const signal = stopSignal('The local cloud was stopped before it had started.')
      readDotEnv()
      const { runDev } = await import('./dev.ts')
      return await runDev({ env: process.env, dataDir, portOffset, signal })
    }
    case 'demo': {
      const signal = stopSignal(demoStopped)
      readDotEnv()
      const { runDemo } = await import('./demo.ts')
      return await runDemo({ picture: positionals[0] ?? null, env: process.env, outputDir, signal })
    }
    case 'demo-sync': {
      const sizeBytes = byteSizeOf(values.size ?? '1GiB')
      const signal = stopSignal(demoStopped)
      readDotEnv()
      const { runDemoSync } = await import('./demo-sync.ts')
      return await runDemoSync({ sizeBytes, env: process.env, signal })
    }
    case 'demo-train': {
      const signal = stopSignal(demoStopped)
      readDotEnv()
      const { runDemoTrain } = await import('./demo-train.ts')
      return await runDemoTrain({ folder: positionals[0] ?? null, env: process.env, outputDir, signal })
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
  }
}

/** A server alone keeps its data where `npm run dev` has that server's. */
function defaultDataDir(command: string): string {
  const isServer = command === 'bucket' || command === 'documents'
  return isServer ? resolve(root, '.forge', command) : resolve(root, '.forge')
}

/** @throws UsageError for an option or an argument that the command does nothing with. */
function checkUse(command: string, used: readonly string[], positionals: readonly string[]): void {
  const known = commands[command]
  if (known === undefined) throw new UsageError(`There is no command "${command}".`)
  const idle = used.find((option) => !(known.options as readonly string[]).includes(option))
  if (idle !== undefined) throw new UsageError(`"${command}" has no --${idle}.`)
  const extra = positionals[known.positionals]
  if (extra !== undefined) throw new UsageError(`"${command}" does nothing with "${extra}".`)
}

async function serveBucket(params: { port: number; dataDir: string; create: string[] }): Promise<void> {
  const signal = stopSignal('The bucket server was stopped.')
  const { startBucketServer } = await import('./bucket/server.ts')
  const server = await startBucketServer({ port: params.port, dataDir: params.dataDir })
  try {
    for (const name of params.create) await server.createBucket(name)
    console.log(`The bucket server is ready at ${server.url}; its data lies in ${params.dataDir}.`)
    await aborted(signal)
  } finally {
    await server.close()
  }
}

async function serveDocuments(params: { port: number; dataDir: string; indexFile: string | null }): Promise<void> {
  const { port, dataDir, indexFile } = params
  const signal = stopSignal('The document server was stopped.')
  const { startDocumentServer } = await import('./documents/server.ts')
  const { readIndexFile } = await import('./documents/indexes/declared.ts')
  const declared = indexFile === null ? [] : readIndexFile(indexFile)
  const indexes = { declared, onMissing: (message: string) => console.warn(message) }
  const server = await startDocumentServer({ port, dataDir, indexes })
  console.log(`The document server is ready at ${server.host}; its data lies in ${dataDir}.`)
  await aborted(signal)
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
  const signal = stopSignal('Nobody waits for the picture any more; the local cloud goes on with it.')
  const { openClients } = await import('./app/clients.ts')
  const { sendPicture } = await import('./app/send-picture.ts')
  const documentsHost = process.env.FIRESTORE_EMULATOR_HOST ?? defaultServers.documentsHost
  const bucketUrl = process.env.STORAGE_EMULATOR_HOST ?? defaultServers.bucketUrl
  for (const address of [documentsHost, bucketUrl]) await checkLocalServer(address)
  const clients = openClients({ documentsHost, bucketUrl })
  try {
    const sent = await sendPicture(clients, {
      bucket: localBuckets.app,
      path: picture,
      say: (line) => console.log(line),
      signal,
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

function portOffsetOf(text: string): number {
  const offset = integerOf(text, '--port-offset')
  const ports = Object.values(defaultPorts)
  const [least, most] = [1024 - Math.min(...ports), 65_535 - Math.max(...ports)]
  if (offset >= least && offset <= most) return offset
  throw new UsageError(`--port-offset takes a number from ${least} to ${most}, so that every port is one.`)
}

function byteSizeOf(text: string): number {
  const sizeBytes = parseByteSize(text)
  if (sizeBytes !== null && sizeBytes >= 4096) return sizeBytes
  throw new UsageError(`--size takes at least 4096 bytes, as 1073741824, 24MB or 1GiB, not "${text}".`)
}
