import { isSameSource, toModel } from '#shared/documents/model.ts'
import { type NewModelSource, newModelOf } from '#shared/registry/model/new-model.ts'

const civitai = (modelId: string | null, versionId: string | null, fileId: string | null = null): NewModelSource => ({
  kind: 'civitai',
  reference: { modelId, versionId, fileId },
})
const hub = (repo: string, parts: { revision?: string; file?: string; allow?: string[] } = {}): NewModelSource => ({
  kind: 'huggingface',
  reference: { repo, revision: parts.revision ?? null, file: parts.file ?? null },
  allowPatterns: parts.allow ?? [],
  ignorePatterns: [],
})
const upload = (object: string, sha256: string): NewModelSource => ({ kind: 'upload', object, sha256 })
const url = (address: string, sha256: string | null = null): NewModelSource => ({ kind: 'url', url: address, sha256 })

test.each<[NewModelSource, string, string]>([
  [civitai('1', null), 'civitai-1', 'CivitAI 1'],
  [civitai('1', '2'), 'civitai-1-v2', 'CivitAI 1 version 2'],
  [civitai(null, '2', '3'), 'civitai-v2-f3', 'CivitAI version 2 file 3'],
  [hub('ann/Tiny-1.0'), 'hf-ann--Tiny-1.0', 'Tiny-1.0'],
  [hub('gpt2'), 'hf-gpt2', 'gpt2'],
  [upload('model-uploads/ann/1', 'ab'.repeat(32)), `upload-${'ab'.repeat(20)}`, 'Model abababab'],
])('%j is document %s, called %s', (source, id, name) => {
  expect(newModelOf(source)).toMatchObject({ id, name })
})

test('the name of a file is what it is called, without folder and extension', () => {
  expect(newModelOf(hub('ann/tiny', { file: 'sub/Big model.v2.safetensors' })).name).toBe('Big model.v2')
  expect(newModelOf(url('https://a.b/c/My%20model.safetensors?x=1')).name).toBe('My model')
  expect(newModelOf(url('https://a.b/%ff.bin')).name).toBe('%ff')
  expect(newModelOf(url('https://a.b/')).name).toBe('model')
})

test('the same source is the same document, and every other one another', () => {
  const sources = [
    civitai('1', null),
    civitai(null, '1'),
    civitai('1', '2'),
    civitai('1', '2', '3'),
    hub('a/b'),
    hub('a/b', { revision: 'x' }),
    hub('a/b', { file: 'x' }),
    hub('a/b', { allow: ['x'] }),
    hub('ab'),
    url('https://a.b/c'),
    url('https://a.b/d'),
    url('https://a.b/c', 'ab'.repeat(32)),
    upload('a', 'ab'.repeat(32)),
    upload('a', 'cd'.repeat(32)),
  ]
  const ids = sources.map((source) => newModelOf(source).id)
  expect(sources.map((source) => newModelOf(structuredClone(source)).id)).toEqual(ids)
  expect(new Set(ids).size).toBe(sources.length)
})

test('a user has a document of their own of the same source', () => {
  const source = hub('ann/tiny')
  const ids = [null, 'ann', 'ben'].map((userId) => newModelOf(source, userId).id)
  expect(ids).toEqual(['hf-ann--tiny', expect.stringMatching(/^hf-ann--tiny~[0-9a-f]{16}$/), expect.any(String)])
  expect(new Set(ids).size).toBe(3)
  expect(newModelOf(source, 'ann')).toEqual({ ...newModelOf(source), id: ids[1] })
})

test('the same bytes uploaded again are the same document', () => {
  const sha256 = 'ab'.repeat(32)
  expect(newModelOf(upload('model-uploads/ann/1', sha256)).id).toBe(
    newModelOf(upload('model-uploads/ann/2', sha256)).id,
  )
})

test.each([
  hub(`${'a'.repeat(96)}/${'b'.repeat(96)}`, { revision: 'refs/pr/1', file: '../../__x__/🙂'.repeat(20) }),
  url(`https://a.b/${'x/'.repeat(2000)}`),
  civitai('1', '2'),
])('its id is one that Firestore takes, whatever the source is called', (source) => {
  expect(newModelOf(source).id).toMatch(/^[A-Za-z][\w.-]{1,200}$/)
})

test.each<[NewModelSource, Partial<ReturnType<typeof toModel>['source']>]>([
  [civitai('1', '2', '3'), { civitaiModelId: '1', versionId: '2', civitaiFileId: '3' }],
  [
    hub('a/b', { revision: 'r', file: 'f', allow: ['x'] }),
    { hfId: 'a/b', revision: 'r', file: 'f', allowPatterns: ['x'] },
  ],
  [url('https://a.b/c', 'ab'.repeat(32)), { sourceUrl: 'https://a.b/c', sourceSha256: 'ab'.repeat(32) }],
])('model sync reads %j as it was meant', (source, read) => {
  const { id, source: fields } = newModelOf(source)
  const model = toModel(id, fields)
  expect(model.source).toMatchObject(read)
  expect(isSameSource(model.source, toModel('other', structuredClone(fields)).source)).toBe(true)
})
