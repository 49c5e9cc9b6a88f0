import type { DocumentData } from '@google-cloud/firestore'
import type { CivitaiEndpoint, CivitaiFault } from '#local/civitai/faults.ts'
import type { ContentSpec } from '#local/file-host/content-spec.ts'
import type { HuggingFaceEndpoint, HuggingFaceFault } from '#local/huggingface/faults.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'
import { relocations } from './relocations.ts'
import { waitingSyncs } from './waiting-syncs.ts'

/** A fault of a hub's own answers; `code` is what the one model that meets it fails of at once, null where another try mends it. */
interface Row<Fault, Endpoint> {
  fault: Fault
  endpoint: Endpoint
  code: string | null
}

const passing = [
  { kind: 'html' },
  { kind: 'json' },
  { kind: 'reset' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502, html: true },
] as const

/** All requests to the host wait for it. */
const soon = { kind: 'status', status: 429, headers: { 'retry-after': '1' } } as const

const civitaiRows: Row<CivitaiFault, CivitaiEndpoint>[] = [
  ...(['version', 'download'] as const).flatMap((endpoint) => [
    ...passing.map((fault) => ({ fault, endpoint, code: null })),
    { fault: { kind: 'status', status: 401 } as const, endpoint, code: 'civitai.bad-token' },
    { fault: { kind: 'status', status: 403 } as const, endpoint, code: 'civitai.blocked' },
    { fault: { kind: 'status', status: 410 } as const, endpoint, code: 'civitai.archived' },
    { fault: { kind: 'status', status: 400 } as const, endpoint, code: 'civitai.bad-request' },
  ]),
  { fault: soon, endpoint: 'version', code: null },
  { fault: { kind: 'cut-body' }, endpoint: 'version', code: null },
  { fault: { kind: 'odd-fields' }, endpoint: 'version', code: null },
  { fault: { kind: 'no-hashes' }, endpoint: 'version', code: null },
  { fault: { kind: 'status', status: 404 }, endpoint: 'version', code: 'civitai.not-found' },
  { fault: { kind: 'redirect', location: '' }, endpoint: 'download', code: null },
  { fault: { kind: 'redirect', location: '/login?reason=x' }, endpoint: 'download', code: 'civitai.bad-token' },
  { fault: { kind: 'redirect', location: '/model-versions/1' }, endpoint: 'download', code: 'civitai.early-access' },
  { fault: { kind: 'redirect', location: 'http://10.0.0.1/model' }, endpoint: 'download', code: 'guard.scheme' },
  { fault: { kind: 'redirect', location: 'https://169.254.169.254/' }, endpoint: 'download', code: 'guard.address' },
]

const huggingfaceRows: Row<HuggingFaceFault, HuggingFaceEndpoint>[] = [
  ...(['model', 'tree', 'resolve'] as const).flatMap((endpoint) => [
    ...passing.map((fault) => ({ fault, endpoint, code: null })),
    { fault: { kind: 'cut-body' } as const, endpoint, code: null },
    { fault: { kind: 'status', status: 401 } as const, endpoint, code: 'huggingface.denied' },
    { fault: { kind: 'status', status: 404 } as const, endpoint, code: 'huggingface.not-found' },
    { fault: { kind: 'status', status: 400 } as const, endpoint, code: 'huggingface.refused' },
  ]),
  { fault: soon, endpoint: 'model', code: null },
  { fault: { kind: 'odd-fields' }, endpoint: 'model', code: null },
  { fault: { kind: 'branch-moves' }, endpoint: 'model', code: null },
  { fault: { kind: 'small-pages', entries: 1 }, endpoint: 'tree', code: null },
  { fault: { kind: 'foreign-next-page', origin: 'https://example.com' }, endpoint: 'tree', code: null },
  { fault: { kind: 'circular-pages' }, endpoint: 'tree', code: null },
  { fault: { kind: 'bare-redirect' }, endpoint: 'resolve', code: null },
  { fault: { kind: 'redirect', location: '' }, endpoint: 'resolve', code: null },
  { fault: { kind: 'redirect', location: 'https://169.254.169.254/' }, endpoint: 'resolve', code: null },
  { fault: { kind: 'wrong-etag' }, endpoint: 'resolve', code: 'huggingface.changed' },
  { fault: { kind: 'wrong-size' }, endpoint: 'resolve', code: 'huggingface.changed' },
  { fault: { kind: 'wrong-commit' }, endpoint: 'resolve', code: 'huggingface.changed' },
  { fault: { kind: 'pointer' }, endpoint: 'resolve', code: 'huggingface.changed' },
]

/** Of the small files, which Hugging Face sends itself. */
const smallFileRows: Row<HuggingFaceFault, HuggingFaceEndpoint>[] = [
  { fault: { kind: 'html' }, endpoint: 'resolve-cache', code: 'transfer.not-a-file' },
  { fault: { kind: 'json' }, endpoint: 'resolve-cache', code: null },
  { fault: { kind: 'reset' }, endpoint: 'resolve-cache', code: null },
  { fault: { kind: 'cut-body' }, endpoint: 'resolve-cache', code: null },
  { fault: { kind: 'status', status: 401 }, endpoint: 'resolve-cache', code: null },
  { fault: { kind: 'status', status: 404 }, endpoint: 'resolve-cache', code: null },
  { fault: { kind: 'status', status: 500 }, endpoint: 'resolve-cache', code: null },
  { fault: { kind: 'status', status: 400 }, endpoint: 'resolve-cache', code: 'http.status' },
]

/**
 * Every fault of a hub's API while a model is resolved and its file located, met by many syncs at once: whichever meets
 * which, each passing fault passes, and each refusal fails one model with its code.
 */
export function hubFaults(documents: StartDocuments): void {
  let world: SyncWorld
  beforeAll(async () => {
    world = await startSyncWorld({
      documents,
      env: { SYNC_CONCURRENCY: '16', MAX_FAILURES: '30', LEASE_MS: '30000', SYNC_COPY_WAIT_MS: '500' },
    })
  })
  afterAll(() => world.close())

  test('CivitAI’s API: all faults pass or are told', async () => {
    const rows = civitaiRows
    const models = Array.from({ length: refusalsOf(rows).length + 4 }, (_, index) => {
      const { id, versions } = world.civitai.addModel({ versions: [{ files: [{ content: weights(index) }] }] })
      return { civitaiModelId: String(id), versionId: String(versions[0]!.id) }
    })
    await meetAll('civitai', { rows, models, hub: world.civitai })
  })

  test('the API of Hugging Face: all faults pass or are told', async () => {
    const rows = huggingfaceRows
    const models = Array.from({ length: refusalsOf(rows).length + 4 }, (_, index) => {
      const files = [{ path: 'lora.safetensors', content: weights(100 + index) }]
      return { engine: 'huggingface', hf_id: world.huggingface.addRepo({ id: `local/api-${index}`, files }).id }
    })
    await meetAll('huggingface', { rows, models, hub: world.huggingface })
  })

  test('a small file that Hugging Face sends itself: all faults pass or are told', async () => {
    const rows = smallFileRows
    const models = Array.from({ length: refusalsOf(rows).length + 4 }, (_, index) => {
      const config = { path: 'config.json', content: `{"number": ${index}}` }
      const files = [{ path: 'model.safetensors', content: weights(200 + index) }, config]
      return { engine: 'huggingface', hf_id: world.huggingface.addRepo({ id: `local/small-${index}`, files }).id }
    })
    await meetAll('small', { rows, models, hub: world.huggingface })
  })

  describe('a location that expires', () => relocations(() => world))

  describe('what has to be waited for', () => waitingSyncs(() => world))

  async function meetAll<Fault, Endpoint>(
    name: string,
    params: {
      rows: readonly Row<Fault, Endpoint>[]
      models: readonly DocumentData[]
      hub: { inject: (order: { fault: Fault; times: number; endpoint: Endpoint }) => unknown; assertAllFired(): void }
    },
  ): Promise<void> {
    const { rows, models, hub } = params
    for (const { fault, endpoint } of rows) hub.inject({ fault, endpoint, times: 1 })
    const ended = await Promise.all(
      models.map((fields, index) => world.sync(`${name}-${index}`, { name: `${name}-${index}`, ...fields })),
    )
    hub.assertAllFired()
    const failed = ended.filter(({ syncStatus }) => syncStatus !== 'synced')
    expect(failed.map(({ syncErrorCode }) => syncErrorCode).toSorted()).toEqual(refusalsOf(rows))
    for (const { syncStatus, syncError } of failed) {
      expect({ syncStatus, syncError }).toEqual({
        syncStatus: 'notsynced',
        syncError: expect.stringMatching(/^[^\n]+\.$/),
      })
    }
    await until(async () => (await world.objects('work/')).length === 0)
    const uris: string[] = ended.flatMap(({ gcsUri }) => gcsUri ?? [])
    const published = world.finalized.filter((object) => object.startsWith(`models/${name}-`))
    expect(
      published.filter((object) => !uris.some((uri) => uri.endsWith(object)) && !isInFolder(object, uris)),
    ).toEqual([])
    expect(new Set(published).size).toBe(published.length)
  }
}

function isInFolder(object: string, uris: readonly string[]): boolean {
  return uris.some((uri) => uri.endsWith('/') && `gs://${modelsBucket}/${object}`.startsWith(uri))
}

function weights(seed: number): ContentSpec {
  return { kind: 'safetensors', sizeBytes: 300_000, seed }
}

/** What fails of them, in order. */
function refusalsOf(rows: readonly { code: string | null }[]): string[] {
  return rows.flatMap(({ code }) => code ?? []).toSorted()
}
