import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Output } from '../cli/output.ts'
import { ProgressDisplay } from '../cli/progress-display.ts'
import type { SyncProgress } from '../services/model-sync/app.ts'
import { bundleService } from '../tools/build/bundle-service.ts'
import { followSync, type SyncedModel } from './app/follow-sync.ts'
import { importModel } from './app/import-model.ts'
import type { CivitaiStandIn } from './civitai/server.ts'
import { withDemoStack } from './demo-stack.ts'
import { peakMemoryMiB } from './peak-memory.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const model = { name: 'Demo Checkpoint', civitaiModelId: 9001, versionId: 9101 }

/**
 * `npm run demo:sync`: starts what it needs on free ports, puts a generated checkpoint on the CivitAI stand-in, and syncs it as
 * the app would. Needs as much disk as the model has bytes, for as long as it runs. @throws Error with the reason.
 */
export async function runDemoSync(params: {
  sizeBytes: number
  env: NodeJS.ProcessEnv
  signal: AbortSignal
}): Promise<void> {
  const { sizeBytes, env, signal } = params
  const stack = { services: ['model-sync'], env, signal, bundle: buildBundle }
  await withDemoStack(stack, async ({ cloud, clients, service }) => {
    console.log('Generating a safetensors checkpoint on the CivitAI stand-in …')
    const sha256 = addCheckpoint(cloud.hubs.civitai, sizeBytes)
    console.log(`Syncing ${sizeBytes} bytes through document → event → model-sync → bucket.\n`)
    const output = new Output({ stdout: process.stdout, stderr: process.stderr, env, json: false })
    const display = new ProgressDisplay(output, { plainLineEveryMs: 2_000 })
    const subject = { label: model.name, record: {} }
    const began = performance.now()
    const document = await importModel(clients, model)
    const onProgress = (progress: SyncProgress) => display.show(subject, { stage: 'waiting', progress })
    const synced = await followSync(clients, document, { signal, onProgress }).finally(() => output.endProgress())
    const seconds = (performance.now() - began) / 1000
    if (synced.sha256 !== sha256) throw new Error(`The source has ${sha256}, the bucket ${synced.sha256}.`)
    const { pid } = service('model-sync')
    const peakMiB = pid === undefined ? null : peakMemoryMiB(pid)
    console.log(report({ synced, seconds, peakMiB }))
  })
}

/** As `npm run build` makes it and the cloud runs it: what is said of its memory and speed should be true there. */
async function buildBundle(service: string, dataDir: string): Promise<string> {
  const outDir = join(dataDir, 'bundle')
  await bundleService({ entry: join(root, 'services', service, 'main.ts'), workers: [], outDir })
  await symlink(join(root, 'node_modules'), join(outDir, 'node_modules'))
  return join(outDir, 'main.cjs')
}

/** @returns the SHA-256 of the file, as its source states it. */
function addCheckpoint(civitai: CivitaiStandIn, sizeBytes: number): string {
  const content = { kind: 'safetensors', sizeBytes, seed: model.versionId } as const
  const [version] = civitai.addModel({
    id: model.civitaiModelId,
    name: model.name,
    type: 'Checkpoint',
    versions: [{ id: model.versionId, baseModel: 'SDXL 1.0', files: [{ content }] }],
  }).versions
  const hosted = version?.files[0]?.hosted
  if (!hosted) throw new Error('The stand-in did not take the checkpoint.')
  return hosted.sha256
}

function report(end: { synced: SyncedModel; seconds: number; peakMiB: number | null }): string {
  const { synced, seconds, peakMiB } = end
  const { gcsUri, sha256, sizeBytes } = synced
  const rows = [
    ['object', gcsUri],
    ['SHA-256', sha256],
    ['size', `${sizeBytes} bytes`],
    ['time', `${seconds.toFixed(1)} s, from "Sync now" to synced`],
    ['speed', `${(sizeBytes / 1e6 / seconds).toFixed(0)} MB/s`],
    ...(peakMiB === null ? [] : [['peak memory', `${peakMiB.toFixed(0)} MiB, of the service`]]),
  ]
  return ['synced', ...rows.map(([name = '', value = '']) => `  ${name.padEnd(14)}${value}`)].join('\n')
}
