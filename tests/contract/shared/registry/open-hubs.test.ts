import { LOCAL_CIVITAI_TOKEN } from '#local/civitai/account.ts'
import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import { showCivitaiModel } from '#shared/civitai/search.ts'
import { SecretReference } from '#shared/config/secret-reference.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { civitaiByHash, hubDetails } from '#shared/registry/hubs/hub-details.ts'
import { type Hubs, openHubs } from '#shared/registry/hubs/open-hubs.ts'
import { parseSource } from '#shared/registry/registration/parse-source.ts'
import { openSearchWorld, type SearchWorld } from './world.ts'

let world: SearchWorld
let hubs: Hubs
beforeEach(async () => {
  world = await openSearchWorld()
  hubs = openWith(6000)
})
afterEach(async () => {
  hubs.close()
  await world.close()
})

function openWith(requestsPerMinute: number): Hubs {
  return openHubs({
    CIVITAI_BASE_URL: world.civitai.url,
    CIVITAI_API_KEY: new SecretReference({ kind: 'value', value: LOCAL_CIVITAI_TOKEN }),
    CIVITAI_REQUESTS_PER_MINUTE: requestsPerMinute,
    HF_BASE_URL: world.hub.url,
    HF_TOKEN: new SecretReference({ kind: 'value', value: LOCAL_HUGGINGFACE_TOKEN }),
  })
}

const details = async (text: string) =>
  await hubDetails(
    hubs,
    parseSource(text, { CIVITAI_BASE_URL: world.civitai.url, HF_BASE_URL: world.hub.url }) as never,
  )

test('CivitAI is asked five times at once after a rest; what follows has to wait for its turn', async () => {
  world.civitai.addModel({ id: 1 })
  const slow = openWith(1)
  const patience = new AbortController()
  const asked = Array.from({ length: 6 }, () => showCivitaiModel(slow.civitai, '1', patience.signal))
  const last = asked[5]?.catch((error: unknown) => error)
  await Promise.all(asked.slice(0, 5))
  expect(world.civitai.requests).toHaveLength(5)
  const reason = new TransientError({ code: 'search.too-slow', message: 'Too slow.' })
  patience.abort(reason)
  expect(await last).toBe(reason)
  slow.close()
  expect(world.civitai.requests).toHaveLength(5)
})

test('both hubs get our token, and each only its own', async () => {
  world.civitai.addModel({ id: 1 })
  world.hub.addRepo({ id: 'ann/private', private: true, access: [LOCAL_HUGGINGFACE_TOKEN], files: [] })
  expect((await details('civitai:1')).availability).toBe('open')
  expect((await details('hf:ann/private')).availability).toBe('private')
  expect(world.civitai.requests.every(({ isSignedIn }) => isSignedIn)).toBe(true)
})

test('a version that is named alone is found with its model', async () => {
  world.civitai.addModel({
    id: 5,
    name: 'Castle',
    creator: 'ann',
    versions: [{ id: 51 }, { id: 52, files: [{ id: 521 }] }],
  })
  expect(await details(`${world.civitai.url}/api/download/models/52?fileId=521`)).toMatchObject({
    id: 'civitai:5@52+521',
    name: 'Castle',
    creator: 'ann',
  })
})

test('a file’s hash finds its model with creator and tags; also where the model cannot be had, or the file is not the usual one', async () => {
  const files = [1, 2].map((seed) => ({
    id: 500 + seed,
    fp: seed === 1 ? 'fp16' : 'fp32',
    content: { kind: 'safetensors', sizeBytes: 1024, seed } as const,
  }))
  const { versions } = world.civitai.addModel({ id: 5, creator: 'ann', tags: ['ink'], versions: [{ id: 51, files }] })
  const hashes = versions[0]?.files.map(({ hosted }) => hosted?.sha256 ?? '') ?? []
  const [usual = '', other = ''] = hashes
  expect(await civitaiByHash(hubs, usual)).toMatchObject({
    id: 'civitai:5@51',
    creator: 'ann',
    tags: ['ink'],
    sha256: usual,
  })
  expect(await civitaiByHash(hubs, other)).toMatchObject({ id: 'civitai:5@51+502', creator: 'ann', sha256: other })
  world.civitai.inject({ fault: { kind: 'status', status: 500 }, times: 1, endpoint: 'model' })
  expect(await civitaiByHash(hubs, usual)).toMatchObject({
    id: 'civitai:5@51',
    creator: null,
  })
})
