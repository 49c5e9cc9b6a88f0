import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Firestore } from '@google-cloud/firestore'
import { Storage } from '@google-cloud/storage'
import { LOCAL_CLIPDROP_KEY } from '#local/clipdrop/account.ts'
import { type LocalCloud, localBuckets, localProject } from '#local/cloud.ts'
import { freePort, type ServiceProcess, startService } from '#local/service-process.ts'
import { startTemporaryCloud } from '#local/temporary-cloud.ts'
import { runForge } from '../../cli/run-forge.ts'
import { captureOutput } from './capture-output.ts'
import { connectFirestore } from './documents.ts'
import { picture } from './image-case.ts'
import { startPiped } from './processes.ts'

export interface ForgeRun {
  exitCode: number | null
  stdout: string
  stderr: string
  /** The lines of standard output, parsed. */
  records(): Record<string, unknown>[]
}

/** Nobody's: the profiles of whoever runs the tests are none of theirs. */
const noConfig = { XDG_CONFIG_HOME: '/nonexistent' }

/** Runs `forge` as a process, its output in pipes. */
export function forge(args: readonly string[], options: { env: Record<string, string>; input?: string }) {
  const { child, ended, stdoutSoFar } = startPiped(['cli/forge.js', ...args], {
    ...options,
    env: { ...noConfig, ...options.env },
  })
  return { child, ended: ended.then(({ code, ...said }) => forgeRun({ exitCode: code, ...said })), stdoutSoFar }
}

function forgeRun(ended: Omit<ForgeRun, 'records'>): ForgeRun {
  const lines = () => ended.stdout.split('\n').filter(Boolean)
  return { ...ended, records: () => lines().map((line) => JSON.parse(line) as Record<string, unknown>) }
}

/** Standard input as a pipe gives it. */
export function piped(text: string): NodeJS.ReadableStream {
  return Readable.from([Buffer.from(text)])
}

/** Runs `forge` in this process, which spares it the start of another; calls at the same time need the same `env`. */
export async function forgeHere(
  args: string[],
  env: Record<string, string>,
  /** What a pipe into it says. */
  input = '',
): Promise<ForgeRun> {
  process.env = { ...env }
  const { output, said } = captureOutput({ json: args.includes('--json') })
  const exitCode = await runForge(args, { output, input: piped(input), signal: new AbortController().signal })
  return forgeRun({ exitCode, ...said })
}

/** The local cloud with its image worker, as `npm run dev` starts them, on free ports and without events. */
export interface ForgeWorld {
  cloud: LocalCloud
  worker: ServiceProcess
  db: Firestore
  storage: Storage
  /** What `forge` gets as its environment. */
  env: Record<string, string>
  close(): Promise<void>
}

export async function startForgeWorld(workerEnv: Record<string, string> = {}): Promise<ForgeWorld> {
  const port = await freePort()
  const { cloud, close } = await startTemporaryCloud()
  const env = {
    ...cloud.environmentFor(`http://127.0.0.1:${port}`),
    BACKGROUND_PROVIDERS: 'clipdrop',
    UPSCALE_PROVIDERS: 'clipdrop',
  }
  const worker = await startService({
    name: 'image-worker',
    port,
    env: {
      PATH: process.env.PATH,
      ...env,
      CLIPDROP_API_KEY: LOCAL_CLIPDROP_KEY,
      CLIPDROP_BASE_URL: cloud.clipdrop.url,
      LOG_LEVEL: 'error',
      ...workerEnv,
    },
    output: 'stderr',
  })
  const db = connectFirestore(cloud.documentsHost, localProject)
  const storage = new Storage({
    apiEndpoint: cloud.bucket.url,
    projectId: localProject,
    useAuthWithCustomEndpoint: false,
  })
  return {
    cloud,
    worker,
    db,
    storage,
    env,
    async close() {
      await worker.stop()
      await db.terminate()
      await close()
    },
  }
}

export interface ExistingCharacter {
  characterId: string
  userId: string
  uploadName: string
}

/** A character that has been there for a while: with its main image, and what `visuals` says besides. */
export async function addCharacter(
  world: Pick<ForgeWorld, 'db' | 'storage'>,
  visuals: Record<string, unknown> = {},
  userId = `user-${randomUUID().slice(0, 8)}`,
): Promise<ExistingCharacter> {
  const characterId = `character-${randomUUID().slice(0, 8)}`
  const uploadName = `raw-uploads/${userId}/${characterId}/first.png`
  const file = world.storage.bucket(localBuckets.app).file(uploadName)
  await file.save(await picture(), { resumable: false, public: true, metadata: { contentType: 'image/jpeg' } })
  const imageUrl = file.publicUrl()
  await world.db.doc(`characters/${characterId}`).create({
    core: { name: 'Zoë' },
    visuals: { imageUrl, gallery: [imageUrl], ...visuals },
    meta: { userId, status: 'private' },
  })
  return { characterId, userId, uploadName }
}

export async function visualsOf(world: Pick<ForgeWorld, 'db'>, characterId: string): Promise<Record<string, unknown>> {
  return (await world.db.doc(`characters/${characterId}`).get()).get('visuals') as Record<string, unknown>
}

export async function objectNames(
  world: ForgeWorld,
  bucket: keyof typeof localBuckets,
  prefix: string,
): Promise<string[]> {
  const [files] = await world.storage.bucket(localBuckets[bucket]).getFiles({ prefix })
  return files.map((file) => file.name)
}
