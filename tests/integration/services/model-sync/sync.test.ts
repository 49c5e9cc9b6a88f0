import { openHubs } from '#shared/registry/hubs/open-hubs.ts'
import { parseSource } from '#shared/registry/registration/parse-source.ts'
import { registerModel } from '#shared/registry/registration/register-model.ts'
import { documentWritten } from '../../../support/document-events.ts'
import { startDocuments } from '../../../support/documents.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'

let world: SyncWorld
beforeAll(async () => {
  world = await startSyncWorld({ documents: startDocuments })
})
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
  // The registry finds it from now on.
  expect(synced.registry).toMatchObject({
    owner: '',
    key: `civitai:${model.id}@${version!.id}`,
    source: 'civitai',
    sourceId: String(model.id),
    format: 'safetensors',
    words: expect.arrayContaining(['my', 'first', 'model']),
  })
})

test('what was registered keeps what its hub has said, and is at the commit that was copied', async () => {
  const file = { path: 'a.safetensors', content: { kind: 'safetensors', sizeBytes: 300_000, seed: 8 } as const }
  world.huggingface.addRepo({ id: 'ann/lora', tags: ['lora', 'ink'], pipelineTag: 'text-to-image', files: [file] })
  const hubs = openHubs({
    CIVITAI_BASE_URL: world.civitai.url,
    CIVITAI_API_KEY: null,
    CIVITAI_REQUESTS_PER_MINUTE: 600,
    HF_BASE_URL: world.huggingface.url,
    HF_TOKEN: null,
  })
  const wish = { name: null, type: null, uid: 'ann', isForSystem: false, mayHavePrivate: false, sync: false }
  const source = parseSource('hf:ann/lora', { CIVITAI_BASE_URL: world.civitai.url, HF_BASE_URL: world.huggingface.url })
  const { model } = await registerModel({ db: world.db, hubs }, { ...wish, source }).finally(() => hubs.close())
  world.huggingface.addRepo({ id: 'ann/lora', files: [file], metadata: { sha: 'c'.repeat(40) } })
  const { id } = model.document
  const made = await world.db.doc(`ai_models/${id}`).get()
  expect(await world.deliver(documentWritten('a-project', null, made))).toEqual([204])
  expect((await made.ref.get()).updateTime).toEqual(made.updateTime)
  const fields = (await world.db.doc(`ai_models/${id}`).get()).data() ?? {}
  const synced = await world.sync(id, { ...fields, syncStatus: 'syncing' })
  expect(synced).toMatchObject({
    syncStatus: 'synced',
    registry: { owner: 'ann', type: 'lora', tags: ['lora', 'ink'], version: 'c'.repeat(40), key: 'hf:ann/lora' },
  })
  expect(model.model.version).not.toBe('c'.repeat(40))
  expect(synced.registry.words).toEqual(expect.arrayContaining(['ink', '#ink']))
  expect(await world.deliver(await world.write(id, { note: 1 }))).toEqual([204])
  expect((await made.ref.get()).get('registry')).toEqual(synced.registry)
})

test('the app’s own model is listed as soon as it is written, by its event, and keeps what it says', async () => {
  const fields = { name: 'Of the app', type: 'lora', engine: 'huggingface', hf_id: 'ann/else', userId: 'ann' }
  const event = await world.write('listed', { ...fields, syncStatus: 'notsynced', triggerWords: ['inky'] })
  expect(await world.deliver(event)).toEqual([204])
  const ref = world.db.doc('ai_models/listed')
  const listed = await ref.get()
  expect(listed.data()).toMatchObject({
    ...fields,
    syncStatus: 'notsynced',
    registry: { owner: 'ann', source: 'huggingface', sourceId: 'ann/else', type: 'lora', key: 'hf:ann/else' },
  })
  expect(listed.get('registry.words')).toEqual(expect.arrayContaining(['of', 'app', 'inky']))
  // Delivered again, and of our own write: nothing more is written.
  expect(await world.deliver(event)).toEqual([204])
  expect(await world.deliver(documentWritten('a-project', listed, await ref.get()))).toEqual([204])
  expect((await ref.get()).updateTime).toEqual(listed.updateTime)
  expect(await world.deliver(await world.write('listed', { name: 'Renamed', userId: null }))).toEqual([204])
  const renamed = await ref.get()
  expect(renamed.get('registry')).toMatchObject({ owner: '', words: expect.arrayContaining(['renamed', 'inky']) })
  expect(renamed.get('registry.words')).not.toContain('app')
})

test('bytes of a file whose host tells no length count against the day of who wanted them, once they are known', async () => {
  const file = world.fileHost.add({ content: { kind: 'safetensors', sizeBytes: 300_000, seed: 9 } })
  world.fileHost.shape({ ranges: false })
  world.fileHost.inject({ fault: { kind: 'no-content-length' }, times: 100 })
  const source = { sourceUrl: world.fileHost.locationOf(file), sourceSha256: file.sha256 }
  expect(await world.sync('unstated', { name: 'Unstated', userId: 'kim', ...source })).toMatchObject({
    sizeBytes: 300_000,
  })
  expect((await world.db.doc('usage/kim').get()).get('daily.syncBytes.count')).toBe(300_000)
})
