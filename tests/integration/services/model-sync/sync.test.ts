import { startDocumentServer } from '#local/documents/server.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'

let world: SyncWorld
beforeAll(async () => {
  world = await startSyncWorld({ documents: () => startDocumentServer({ port: 0, dataDir: null }) })
}, 30_000)
afterAll(() => world.close())

test('copies a model of CivitAI and shows it as synced', async () => {
  const content = { kind: 'safetensors', sizeBytes: 3_000_000, seed: 7 } as const
  const model = world.civitai.addModel({ versions: [{ files: [{ content }] }] })
  const [version] = model.versions
  const synced = await world.sync('one', {
    name: 'My first model',
    engine: 'huggingface',
    hf_id: 'stabilityai/sdxl',
    civitaiModelId: String(model.id),
    versionId: String(version!.id),
  })
  const name = `models/My_first_model/${version!.id}.safetensors`
  const sha256 = version!.files[0]!.hosted!.sha256
  expect(synced).toMatchObject({
    syncStatus: 'synced',
    gcsUri: `gs://${modelsBucket}/${name}`,
    sha256,
    sizeBytes: 3_000_000,
  })
  expect(await world.objects()).toEqual([name])
})
