import type { DocumentData } from '@google-cloud/firestore'
import { startDocuments } from '../../../support/documents.ts'
import { fullDocument } from '../../../support/full-document.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

/** Enough to say that it is not synced and why, not for what a sync has to tell. */
const ROOM_FOR_FAILURE = 400

let world: SyncWorld
beforeAll(async () => {
  world = await startSyncWorld({ documents: startDocuments, env: { STUCK_AFTER_MS: '200' } })
})
afterAll(() => world.close())

/** Models that are too large for an event are found by the reconciler. */
async function reconcileUntilSettled(modelId: string): Promise<DocumentData> {
  let model: DocumentData = {}
  await until(async () => {
    const answer = await fetch(new URL('/internal/reconcile', world.service.url), { method: 'POST' })
    expect(answer.status).toBe(200)
    model = (await world.db.doc(`ai_models/${modelId}`).get()).data() ?? {}
    return model.syncStatus !== 'syncing'
  })
  return model
}

async function jobOf(modelId: string) {
  const jobs = await world.jobs('sync')
  return jobs.filter(({ subject }) => subject === `ai_models/${modelId}`)
}

async function ask(modelId: string, fields: DocumentData, freeBytes: number): Promise<void> {
  const ref = world.db.doc(`ai_models/${modelId}`)
  await ref.set(fullDocument(ref, { syncStatus: 'syncing', name: modelId, ...fields }, freeBytes))
}

test('a model without room for a sentence goes back to its bare status, its job says why', async () => {
  await ask('wordless', { engine: 'midjourney' }, 10)
  const model = await reconcileUntilSettled('wordless')
  expect(model.syncStatus).toBe('notsynced')
  expect(model).not.toHaveProperty('syncError')
  const failure = { code: 'sync.unknown-engine', told: 'status' }
  expect(await jobOf('wordless')).toMatchObject([{ state: 'failed', failure, dueAt: null }])
})

test('a model without room for what a sync tells says so, and its copy serves the next that asks', async () => {
  const content = { kind: 'safetensors', sizeBytes: 300_000, seed: 3 } as const
  const { id, versions } = world.civitai.addModel({ versions: [{ files: [{ content }] }] })
  const source = { civitaiModelId: String(id), versionId: String(versions[0]!.id) }
  await ask('roomless', source, ROOM_FOR_FAILURE)
  const model = await reconcileUntilSettled('roomless')
  const code = 'documents.invalid-argument'
  expect(model).toMatchObject({ syncStatus: 'notsynced', syncErrorCode: code })
  expect(model.syncError).toMatch(/1 MiB/)
  expect(model).not.toHaveProperty('gcsUri')
  const [job] = await jobOf('roomless')
  expect(job).toMatchObject({ state: 'failed', failure: { code } })
  expect(job!.failure).not.toHaveProperty('told')

  const synced = await world.sync('roomy', { name: 'roomy', ...source })
  expect(synced.gcsUri).toBe(`gs://${modelsBucket}/models/roomless/${source.versionId}.safetensors`)
  expect(await world.jobs('copy')).toHaveLength(1)
})
