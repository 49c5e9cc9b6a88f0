import { Timestamp } from '@google-cloud/firestore'
import { toModel } from '#shared/documents/model.ts'
import type { StoredModel } from '#shared/documents/models.ts'
import { registeredOf, registryFields } from '#shared/documents/registered-models.ts'
import { outdatedRegistration, syncedRegistration } from '#shared/documents/synced-registration.ts'
import type { RegistryModel } from '#shared/registry/model/registry-model.ts'
import { searchWords, tagWord, wordsOf } from '#shared/registry/search/search-words.ts'
import { sample } from './samples.ts'

const FULL: RegistryModel = sample({
  id: 'civitai:1@2',
  sourceId: '1',
  sourceVersionId: '2',
  name: 'Dunes of Gold',
  type: 'lora',
  sourceType: 'LoCon',
  baseModel: 'sdxl',
  sourceBaseModel: 'SDXL 1.0 LCM',
  version: 'v2',
  format: 'safetensors',
  sizeBytes: 1_000,
  sha256: 'ab'.repeat(32),
  triggerWords: ['golden dune'],
  tags: ['Digital Art', 'sand'],
  description: 'Sand.',
  creator: 'Lykon',
  downloadCount: 9,
  likeCount: 8,
  rating: 4.5,
  recommendedWeight: 0.8,
  isNsfw: true,
  availability: 'early_access',
  availableAt: new Date('2026-05-01'),
  remoteUrl: 'https://civitai.com/models/1?modelVersionId=2',
  createdAt: new Date('2026-01-01'),
  updatedAt: new Date('2026-02-01'),
})

/** The document of a model, as registering writes it and Firestore gives it back. */
function documentOf(model: RegistryModel, userId: string | null, more: Record<string, unknown> = {}) {
  const registry = Object.entries(registryFields(model, userId)).map(([name, value]) => [
    name,
    value instanceof Date ? Timestamp.fromDate(value) : value,
  ])
  return {
    name: model.name,
    type: model.type === 'lora' ? 'lora' : 'model',
    engine: 'civitai',
    civitaiModelId: '1',
    versionId: '2',
    triggerWords: model.triggerWords,
    userId,
    syncStatus: 'notsynced',
    registry: Object.fromEntries(registry),
    ...more,
  }
}

test('what was registered is read back as it was', () => {
  const { model, userId, isIndexed } = registeredOf('the-id', documentOf(FULL, 'ann'))
  const registered = { modelId: 'the-id', syncStatus: 'notsynced', syncError: null, isSystem: false }
  expect(model).toEqual({ ...FULL, registered })
  expect([userId, isIndexed]).toEqual(['ann', true])
  expect(registeredOf('the-id', documentOf(FULL, null)).model.registered.isSystem).toBe(true)
})

test('a record in which next to nothing is known is read back as it was, too', () => {
  const bare = sample({ id: 'civitai:1@2', sourceId: '1', sourceVersionId: '2' })
  expect(registeredOf('x', documentOf(bare, null)).model).toMatchObject({ ...bare, registered: { modelId: 'x' } })
})

test.each<[what: string, fields: Record<string, unknown>, model: Partial<RegistryModel>]>([
  ['a name', { name: 'Renamed' }, { name: 'Renamed' }],
  ['a type that the app knows', { type: 'model' }, { type: 'base_model' }],
  ['another base', { baseModel: 'Pony' }, { baseModel: 'pony', sourceBaseModel: 'SDXL 1.0 LCM' }],
  ['a base that we do not know', { baseModel: 'Grand 9' }, { baseModel: 'sdxl' }],
  ['trigger words', { triggerWords: ['mine'] }, { triggerWords: ['mine'] }],
  [
    'what a sync has found',
    { gcsUri: 'gs://m/x', sha256: 'cd'.repeat(32), sizeBytes: 7, format: 'pickle' },
    { gcsUri: 'gs://m/x', sha256: 'cd'.repeat(32), sizeBytes: 7, format: 'ckpt' },
  ],
  ['a format that says nothing', { format: 'unknown' }, { format: 'safetensors' }],
  [
    'why a sync failed',
    { syncError: 'It broke.', syncErrorCode: 'sync.broke' },
    {
      registered: {
        modelId: 'x',
        syncStatus: 'notsynced',
        syncError: { code: 'sync.broke', message: 'It broke.' },
        isSystem: false,
      },
    },
  ],
  ['another file of the version', { civitaiFileId: 3 }, { id: 'civitai:1@2+3' }],
])('the document’s own %s is the truth', (_, fields, model) => {
  expect(registeredOf('x', documentOf(FULL, 'ann', fields)).model).toMatchObject(model)
})

test.each<[what: string, fields: Record<string, unknown>, model: Partial<RegistryModel>]>([
  [
    'imports of CivitAI’s, whatever they suggest beside it',
    {
      engine: 'huggingface',
      hf_id: 'some/suggestion',
      civitaiModelId: 4384,
      versionId: '7',
      baseModel: 'SD 1.5',
      type: 'model',
    },
    {
      id: 'civitai:4384@7',
      source: 'civitai',
      sourceId: '4384',
      sourceVersionId: '7',
      baseModel: 'sd15',
      type: 'base_model',
    },
  ],
  [
    'repos',
    { engine: 'huggingface', hf_id: 'Ann/tiny', type: 'lora', revision: 'v1', file: 'a.safetensors' },
    { id: 'hf:Ann/tiny@v1:a.safetensors', source: 'huggingface', sourceId: 'Ann/tiny', type: 'lora' },
  ],
  [
    'repos whose base is a repo',
    { engine: 'huggingface', hf_id: 'ann/tiny', baseModel: 'stabilityai/stable-diffusion-xl-base-1.0' },
    { baseModel: 'sdxl', sourceBaseModel: 'stabilityai/stable-diffusion-xl-base-1.0' },
  ],
  ['addresses', { engine: 'url', sourceUrl: 'https://a.b/c' }, { id: 'local:x', source: 'local', sourceId: 'x' }],
  ['versions of nobody knows which model', { engine: 'civitai', versionId: '7' }, { id: 'local:x', source: 'local' }],
  [
    'nothing',
    {},
    { id: 'local:x', name: 'x', type: 'base_model', format: null, availability: 'open', triggerWords: [] },
  ],
])('the app’s own documents say what they are: %s', (_, fields, model) => {
  const read = registeredOf('x', fields)
  expect(read.model).toMatchObject(model)
  expect(read.isIndexed).toBe(false)
})

test.each([
  ['no map', 'text'],
  ['a map of next year', { source: 'elsewhere', sourceId: 'a', type: 'lora' }],
  ['an empty map', {}],
])('%s is no map of ours, and nothing breaks', (_, registry) => {
  expect(registeredOf('x', { ...documentOf(FULL, null), registry })).toMatchObject({
    isIndexed: false,
    model: { id: 'civitai:1@2' },
  })
})

test('odd values in our map are no values', () => {
  const { registry } = documentOf(FULL, null)
  const odd = {
    base: 'grand9',
    tags: 'all',
    rating: 'high',
    isNsfw: 'no',
    availability: 'soon',
    sourceCreatedAt: 'then',
    format: 7,
  }
  expect(registeredOf('x', documentOf(FULL, null, { registry: { ...registry, ...odd } })).model).toMatchObject({
    baseModel: 'other',
    tags: [],
    rating: null,
    isNsfw: false,
    availability: 'open',
    createdAt: null,
    format: null,
  })
})

test.each<[what: string, model: Partial<RegistryModel>, userId: string | null, keys: Record<string, unknown>]>([
  ['a user’s', {}, 'ann', { owner: 'ann', key: 'civitai:1@2', popularity: 8 }],
  ['the system’s', {}, null, { owner: '' }],
  ['one that nobody likes', { likeCount: null }, null, { popularity: 0 }],
  ['a file of a version', { id: 'civitai:1@2+3' }, null, { key: 'civitai:1@2' }],
  [
    'a repo, in any case',
    { id: 'hf:Ann/Tiny@v1', source: 'huggingface', sourceId: 'Ann/Tiny' },
    null,
    { key: 'hf:ann/tiny' },
  ],
  ['one of nobody’s', { id: 'local:x', source: 'local', sourceId: 'x' }, null, { key: 'local:x' }],
])('the keys of %s', (_, model, userId, keys) => {
  expect(registryFields({ ...FULL, ...model }, userId)).toMatchObject(keys)
})

test('a model is found by the words of its name, creator, trigger words and tags, and by whole tags', () => {
  expect(searchWords(FULL)).toEqual([
    ...['dunes', 'of', 'gold', '1', 'lykon', 'golden', 'dune', 'digital', 'art', 'sand'],
    ...['#digital art', '#sand'],
  ])
  const many = Array.from({ length: 90 }, (_, index) => `tag number${index}`)
  const words = searchWords({ ...FULL, tags: many })
  expect(words.length).toBeLessThanOrEqual(60)
  expect(words).toEqual(expect.arrayContaining(['dunes', 'lykon', '#tag number0']))
})

test.each([
  ['Ünïcode ＦＵＬＬ width', ['ünïcode', 'full', 'width']],
  ['eicar-street_v1.0 (XL)', ['eicar', 'street', 'v1', '0', 'xl']],
  ['中文 模型', ['中文', '模型']],
  ['a A a', ['a']],
  [`x${'y'.repeat(100)}`, [`x${'y'.repeat(39)}`]],
  ['!!! ♥', []],
])('the words of %j', (text, words) => {
  expect(wordsOf(text)).toEqual(words)
})

test('a tag is no word', () => {
  expect(tagWord(' Digital Art ')).toBe('#digital art')
  expect(wordsOf(tagWord('art'))).toEqual(['art'])
})

const stored = (fields: Record<string, unknown>): StoredModel => ({
  ...toModel('x', fields),
  updatedAt: Timestamp.fromMillis(0),
  fields,
})
const SYNCED = {
  facts: {
    baseModel: 'Pony',
    triggerWords: ['pxl'],
    format: 'safetensors',
    dtype: 'F16',
    parameterCount: 1,
    recommendedWeight: 0.6,
  },
  sizeBytes: 7,
  sha256: 'cd'.repeat(32),
  sourceVersionId: '2',
}

test('a sync puts the app’s own model into the registry, with what its file says', () => {
  const app = {
    name: 'Mine',
    type: 'lora',
    engine: 'huggingface',
    hf_id: 'a/b',
    civitaiModelId: '1',
    versionId: '2',
    userId: 'ann',
  }
  const { registry } = syncedRegistration(stored(app), SYNCED)
  expect(registry).toMatchObject({
    source: 'civitai',
    sourceId: '1',
    sourceVersionId: '2',
    type: 'lora',
    base: 'pony',
    recommendedWeight: 0.6,
    format: 'safetensors',
    sizeBytes: 7,
    sha256: 'cd'.repeat(32),
    owner: 'ann',
    key: 'civitai:1@2',
    words: ['mine', '1', 'pxl'],
  })
})

test('of a registered model a sync changes only what its source has not said', () => {
  expect(syncedRegistration(stored(documentOf(FULL, 'ann')), SYNCED)).toMatchObject({
    'registry.version': 'v2',
    'registry.sourceVersionId': '2',
    'registry.base': 'sdxl',
    'registry.recommendedWeight': 0.8,
  })
  const silent = { ...FULL, baseModel: null, sourceBaseModel: null, recommendedWeight: null, triggerWords: [] }
  const changes = syncedRegistration(stored(documentOf(silent, 'ann')), SYNCED)
  expect(changes).toMatchObject({
    'registry.base': 'pony',
    'registry.recommendedWeight': 0.6,
    'registry.words': expect.arrayContaining(['pxl']),
  })
  expect(Object.keys(changes)).not.toContain('registry')
})

test('the weight in the file of anything but a LoRA is not for people', () => {
  const base = { ...FULL, type: 'base_model' as const, recommendedWeight: null }
  const changes = syncedRegistration(stored(documentOf(base, null)), SYNCED)
  expect(changes['registry.recommendedWeight']).toBeNull()
})

test('a repo that has moved on is at the commit that was copied', () => {
  const [old, now] = ['a'.repeat(40), 'b'.repeat(40)]
  const repo = {
    ...FULL,
    id: 'hf:a/b',
    source: 'huggingface' as const,
    sourceId: 'a/b',
    version: old,
    sourceVersionId: old,
  }
  const fields = documentOf(repo, null, { engine: 'huggingface', hf_id: 'a/b', civitaiModelId: null, versionId: null })
  expect(syncedRegistration(stored(fields), { ...SYNCED, sourceVersionId: now })).toMatchObject({
    'registry.version': now,
    'registry.sourceVersionId': now,
  })
})

test.each([
  ['another model', { civitaiModelId: '9' }, { sourceId: '9' }],
  ['another version', { versionId: '9' }, { sourceId: '1', sourceVersionId: '9' }],
  ['a repo', { civitaiModelId: null, engine: 'huggingface', hf_id: 'a/b' }, { source: 'huggingface', sourceId: 'a/b' }],
])('what names %s since it was registered is described anew', (_, fields, entry) => {
  const changed = stored(documentOf(FULL, null, fields))
  const { registry } = syncedRegistration(changed, { ...SYNCED, sourceVersionId: null })
  expect(registry).toMatchObject(entry)
  expect(registry).toMatchObject({ creator: null, downloadCount: null })
})

/** The same with an update of dotted paths, as Firestore makes it. */
function updated(fields: Record<string, unknown>, update: Record<string, unknown> | null): Record<string, unknown> {
  const next: Record<string, unknown> = { ...fields }
  for (const [path, value] of Object.entries(update ?? {})) {
    const [, inner] = path.split('.')
    next.registry = inner === undefined ? value : { ...(next.registry as object), [inner]: value }
  }
  return next
}

test.each<[string, Record<string, unknown>, updates: boolean]>([
  ['as it was registered', documentOf(FULL, 'ann'), false],
  ['of CivitAI, with the words and the base that it has', documentOf(FULL, null, { baseModel: 'SDXL 1.0 LCM' }), false],
  ['renamed', documentOf(FULL, 'ann', { name: 'Other' }), true],
  ['given to everybody', documentOf(FULL, 'ann', { userId: null }), true],
  ['made another kind', documentOf(FULL, 'ann', { type: 'model' }), true],
  ['for a base that nobody knows', documentOf({ ...FULL, baseModel: null }, 'ann', { baseModel: 'ZZ 9' }), true],
  ['of another version', documentOf(FULL, 'ann', { versionId: '3' }), true],
  ['the app’s own', { name: 'Bare', engine: 'huggingface', hf_id: 'Ann/Tiny', userId: 'ann' }, true],
  ['with a map of nonsense', { name: 'Bare', registry: 'x', userId: 7 }, true],
  ['empty', {}, true],
])('what queries go by is brought up to date of a document %s, once', (_what, fields, updates) => {
  const update = outdatedRegistration('the-id', fields)
  expect(update !== null).toBe(updates)
  const next = updated(fields, update)
  expect(outdatedRegistration('the-id', next)).toBeNull()
  expect(registeredOf('the-id', next).model).toMatchObject({
    name: registeredOf('the-id', fields).model.name,
    type: registeredOf('the-id', fields).model.type,
  })
})

test('words and tags are cut between two letters, whatever they are written in', () => {
  const tags = [`${'x'.repeat(39)}🎉🎉`, `${'x'.repeat(40)}🎉`]
  const words = searchWords({ name: `y${'𠮷'.repeat(60)}`, sourceId: '1', creator: null, triggerWords: [], tags })
  expect(words.filter((word) => !word.isWellFormed())).toEqual([])
  expect(words).toEqual(expect.arrayContaining([`y${'𠮷'.repeat(39)}`, `#${'x'.repeat(39)}🎉`, `#${'x'.repeat(40)}`]))
})
