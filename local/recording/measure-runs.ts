import type { AppClients } from '../app/clients.ts'
import { localBuckets } from '../environment.ts'
import { between, type RunQuantities } from './measured-run.ts'
import { type RecordedCloud, startRecordedCloud } from './recorded-cloud.ts'
import { clipdropEnvironment, runImage } from './run-image.ts'
import { runSync } from './run-sync.ts'
import { runTraining } from './run-training.ts'

/** What one run needed, and what it left in the buckets. */
export interface MeasuredRun {
  services: RunQuantities
  storedBytes: number
}

export interface MeasuredRuns {
  image: MeasuredRun
  /** Of SMALL_SYNC_BYTES, which a test can repeat. */
  smallSync: MeasuredRun
  sync: MeasuredRun
  training: MeasuredRun
  /** One call of each reconciler with nothing to do. */
  reconcile: MeasuredRun
  syncSeconds: number
}

/** Two parts and a remainder. */
export const SMALL_SYNC_BYTES = 80_000_000

/** Runs each thing by itself in a local cloud of its own, one after the other, and counts what it needs. */
export async function measureRuns(options: {
  /** Of the large model; as much disk is needed, and as much again while it is put together. */
  syncBytes: number
  signal: AbortSignal
  say: (line: string) => void
}): Promise<MeasuredRuns> {
  const { syncBytes, signal, say } = options
  const recorded = await startRecordedCloud({
    extraEnv: async (service, cloud) => (service === 'image-worker' ? clipdropEnvironment(cloud) : {}),
  })
  const measure = async (name: string, run: () => Promise<unknown>): Promise<MeasuredRun> => {
    say(`${name} …`)
    return await measureOne(recorded, run)
  }
  try {
    const image = await measure('image', () => runImage(recorded, signal))
    const training = await measure('training', () => runTraining(recorded, { signal }))
    const smallSync = await measure('small sync', () =>
      runSync(recorded, { sizeBytes: SMALL_SYNC_BYTES, signal, id: 1 }),
    )
    const began = performance.now()
    const sync = await measure('sync', () => runSync(recorded, { sizeBytes: syncBytes, signal, id: 3 }))
    const syncSeconds = (performance.now() - began) / 1000
    const reconcile = await measure('reconcile', () => recorded.reconcile())
    return { image, training, smallSync, sync, reconcile, syncSeconds }
  } finally {
    await recorded.close()
  }
}

async function measureOne(recorded: RecordedCloud, run: () => Promise<unknown>): Promise<MeasuredRun> {
  const before = recorded.quantities()
  const storedBefore = await storedBytes(recorded.clients)
  await run()
  await recorded.settled()
  const after = between(before, recorded.quantities())
  const services = Object.fromEntries(Object.entries(after).filter(([, { requests }]) => requests > 0))
  return { services, storedBytes: (await storedBytes(recorded.clients)) - storedBefore }
}

/** Everything but what people upload, which the app keeps. */
async function storedBytes({ storage }: AppClients): Promise<number> {
  let sum = 0
  for (const name of Object.values(localBuckets)) {
    const [files] = await storage.bucket(name).getFiles()
    for (const file of files) if (!file.name.startsWith('raw-uploads/')) sum += Number(file.metadata.size ?? 0)
  }
  return sum
}
