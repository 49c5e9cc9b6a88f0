import { createHash } from 'node:crypto'
import type { DocumentData } from '@google-cloud/firestore'
import type { HostedFile } from '#local/file-host/server.ts'
import { readLedger } from '#shared/cache/ledger.ts'
import { isTerminal, type JobRecord } from '#shared/jobs/job-record.ts'
import type { ServiceUnderTest } from './service-under-test.ts'
import { modelsBucket, type SyncWorld } from './sync-world.ts'
import { until } from './until.ts'

/** A file at its source, and what a model's document says of it. */
export interface SyncCase {
  file: HostedFile
  /** Without `name` and `syncStatus`. */
  source: DocumentData
}

let seeds = 1_000

/** A model of CivitAI with one file that nothing else in the world has. */
export function addCivitaiModel(world: SyncWorld, sizeBytes = 700_000): SyncCase {
  seeds += 1
  const content = { kind: 'safetensors', sizeBytes, seed: seeds } as const
  const model = world.civitai.addModel({ versions: [{ files: [{ content }] }] })
  const version = model.versions[0]!
  return {
    file: version.files[0]!.hosted!,
    source: { civitaiModelId: String(model.id), versionId: String(version.id) },
  }
}

/** Bytes of a file that its host has sent so far. */
export function fetchedBytes(world: SyncWorld, file: HostedFile): number {
  return world.fileHosts.all
    .flatMap(({ requests }) => requests)
    .filter(({ path }) => path === file.path)
    .reduce((sum, { bytesSent }) => sum + bytesSent, 0)
}

/** SHA-256 of what lies in the bucket where a model's document says. */
export async function publishedSha256(world: SyncWorld, gcsUri: string): Promise<string> {
  const [bytes] = await world.storage.bucket(modelsBucket).file(objectName(gcsUri)).download()
  return createHash('sha256').update(bytes).digest('hex')
}

/** How often an object was ever written under a model's URI. */
export function timesPublished(world: SyncWorld, gcsUri: string): number {
  return world.finalized.filter((name) => name === objectName(gcsUri)).length
}

export function objectName(gcsUri: string): string {
  return gcsUri.replace(`gs://${modelsBucket}/`, '')
}

export async function readModel(world: SyncWorld, modelId: string): Promise<DocumentData | null> {
  return (await world.db.doc(`ai_models/${modelId}`).get()).data() ?? null
}

/** What the scheduler does. */
export async function reconcile(world: SyncWorld, at?: ServiceUnderTest): Promise<Record<string, number>> {
  const { url } = at ?? world.service
  const answer = await fetch(new URL('/internal/reconcile', url), { method: 'POST' })
  return (await answer.json()) as Record<string, number>
}

/** What a world at rest must not have any more. */
export interface Leftovers {
  liveJobs: string[]
  /** `work/…` objects. */
  parts: string[]
  /** Jobs that still stand on the list of a file. */
  waiters: string[]
  /** Jobs that hold room in the cache, or wait for it. */
  rooms: string[]
}

export const nothingLeft: Leftovers = { liveJobs: [], parts: [], waiters: [], rooms: [] }

/** What the cache's ledger says more than lies in the bucket; 0 in a world at rest. */
export async function ledgerDrift(world: SyncWorld): Promise<number | undefined> {
  const [files] = await world.storage.bucket(modelsBucket).getFiles()
  const bytes = files.reduce((sum, { metadata }) => sum + Number(metadata.size), 0)
  const ledger = await readLedger(world.db, modelsBucket)
  return ledger === null ? undefined : ledger.storedBytes - bytes
}

export async function leftovers(world: SyncWorld): Promise<Leftovers> {
  const [jobs, parts, files, ledger] = await Promise.all([
    world.db.collection('jobs').get(),
    world.objects('work/'),
    world.db.collection('model_files').get(),
    readLedger(world.db, modelsBucket),
  ])
  const live = jobs.docs.map((found) => found.data() as JobRecord).filter(({ state }) => !isTerminal(state))
  return {
    liveJobs: live.map(({ key, state }) => `${key} ${state}`),
    parts,
    waiters: files.docs.flatMap((found) => (found.get('waiterIds') ?? []) as string[]),
    rooms: [...Object.keys(ledger?.reserved ?? {}), ...Object.keys(ledger?.waiting ?? {})],
  }
}

/** Waits until nothing is left; `meanwhile` is called between two looks. */
export async function untilTidy(world: SyncWorld, meanwhile: () => Promise<unknown> = async () => {}): Promise<void> {
  await until(async () => {
    const { liveJobs, parts, waiters, rooms } = await leftovers(world)
    if (liveJobs.length + parts.length + waiters.length + rooms.length === 0) return true
    await meanwhile()
    return false
  }, 100)
}
