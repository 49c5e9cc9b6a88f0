import type { ApiBody } from '../../../../support/api-answer.ts'
import { openRegistryWorld, type RegistryWorld } from './world.ts'

let world: RegistryWorld
beforeAll(async () => {
  world = await openRegistryWorld()
})
afterAll(() => world.close())

const day = (of: number) => new Date(Date.UTC(2026, 0, of))
const FILES = [{ path: 'a.safetensors', content: { kind: 'safetensors', sizeBytes: 1024, seed: 1 } as const }]

async function register(token: string, ...sources: string[]): Promise<ApiBody['model'][]> {
  const models: ApiBody['model'][] = []
  for (const source of sources) {
    models.push((await world.instance.call({ token, path: '/api/registry/models', body: { source } })).body.model)
  }
  return models
}

const updates = async (token: string, query = '') =>
  (await world.instance.call({ token, path: `/api/registry/updates${query}` })).body

test('what has a newer version for the same base is told, and nothing else', async () => {
  const { token } = await world.api.signIn()
  world.civitai.addModel({
    id: 1,
    name: 'Castle',
    versions: [
      { id: 16, name: 'next', baseModel: 'SDXL 1.0', publishedAt: day(16), earlyAccess: new Date(Date.now() + 1e9) },
      { id: 15, name: 'draft', baseModel: 'SDXL 1.0', publishedAt: day(15), status: 'Draft' },
      { id: 14, name: 'for Flux', baseModel: 'Flux.1 D', publishedAt: day(14) },
      { id: 13, name: 'v3', baseModel: 'SDXL Turbo', publishedAt: day(13) },
      { id: 12, name: 'v2', baseModel: 'SDXL 1.0', publishedAt: day(12) },
      { id: 11, name: 'v1', baseModel: 'SDXL 1.0', publishedAt: day(11) },
    ],
  })
  const [v1, v3, flux] = await register(token, 'civitai:1@11', 'civitai:1@13', 'civitai:1@14')
  expect(await updates(token)).toEqual({
    updates: [
      {
        model_id: v1?.model_id,
        name: 'Castle',
        current: {
          version: 'v1',
          source_version_id: '11',
          published_at: '2026-01-11T00:00:00.000Z',
          remote_url: 'https://civitai.com/models/1?modelVersionId=11',
        },
        newest: {
          version: 'v3',
          source_version_id: '13',
          published_at: '2026-01-13T00:00:00.000Z',
          remote_url: 'https://civitai.com/models/1?modelVersionId=13',
        },
      },
    ],
    next_cursor: null,
    notes: [],
  })
  expect([v3?.version, flux?.version]).toEqual(['v3', 'for Flux'])
  // One request for all of CivitAI's.
  expect(world.civitai.requests.filter(({ query }) => query.includes('ids='))).toHaveLength(1)
})

test('a repo whose branch has moved is told; one that is pinned to a commit is held against the main branch', async () => {
  const { token } = await world.api.signIn()
  world.hub.addRepo({ id: 'ann/still', files: FILES })
  world.hub.addRepo({ id: 'ann/moving', files: FILES, branches: { draft: FILES }, metadata: { sha: '1'.repeat(40) } })
  const [, main, pinned, draft] = await register(
    token,
    'hf:ann/still',
    'hf:ann/moving',
    `hf:ann/moving@${'1'.repeat(40)}`,
    'hf:ann/moving@draft',
  )
  expect((await updates(token)).updates).toEqual([])
  world.hub.addRepo({ id: 'ann/moving', files: FILES, branches: { draft: FILES }, metadata: { sha: '2'.repeat(40) } })
  const found = (await updates(token)).updates
  expect(found.map(({ model_id }) => model_id)).toEqual([pinned?.model_id, main?.model_id])
  expect(found).toMatchObject([
    { current: { version: '1'.repeat(40) }, newest: { version: '2'.repeat(40) } },
    { current: { version: '1'.repeat(40) }, newest: { version: '2'.repeat(40) } },
  ])
  expect(draft?.version).toMatch(/^[0-9a-f]{40}$/)
})

test('a hub that fails leaves a note, and the other’s updates', async () => {
  const { token } = await world.api.signIn()
  world.civitai.addModel({ id: 2, versions: [{ id: 21, publishedAt: day(1) }] })
  world.hub.addRepo({ id: 'ben/moving', files: FILES, metadata: { sha: '1'.repeat(40) } })
  world.hub.addRepo({ id: 'ann/gone', files: FILES })
  await register(token, 'civitai:2', 'hf:ben/moving', 'hf:ann/gone')
  world.hub.addRepo({ id: 'ben/moving', files: FILES, metadata: { sha: '2'.repeat(40) } })
  world.hub.addRepo({ id: 'ann/gone', files: FILES, disabled: true })
  world.civitai.inject({ fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'models' })
  const body = await updates(token)
  expect(body.updates.map(({ name }) => name)).toEqual(['moving'])
  expect(body.notes.map(({ source, asked_again }) => [source, asked_again]).toSorted()).toEqual([
    ['civitai', true],
    ['huggingface', false],
  ])
})

test('a registry of many pages is gone through with the cursor', async () => {
  const { token } = await world.api.signIn()
  for (let index = 0; index < 23; index++) {
    const versions = [{ id: 1000 + index, publishedAt: day(1) }]
    if (index % 22 === 0) versions.unshift({ id: 2000 + index, publishedAt: day(2) })
    world.civitai.addModel({ id: 100 + index, versions })
  }
  const [registered] = await register(token, 'civitai:100@1000')
  const document = (await world.api.db.doc(`ai_models/${registered?.model_id}`).get()).data() ?? {}
  const batch = world.api.db.batch()
  for (let index = 1; index < 23; index++) {
    const id = { sourceId: String(100 + index), sourceVersionId: String(1000 + index) }
    batch.create(world.api.db.collection('ai_models').doc(), {
      ...document,
      civitaiModelId: id.sourceId,
      versionId: id.sourceVersionId,
      createdAt: new Date(Date.now() + index),
      registry: { ...document.registry, ...id },
    })
  }
  await batch.commit()
  const first = await updates(token)
  const second = await updates(token, `?cursor=${first.next_cursor}`)
  const found = [first, second].map((body) => body.updates.map(({ newest }) => newest.source_version_id))
  expect(found).toEqual([['2022'], ['2000']])
  expect(second.next_cursor).toBeNull()
})
