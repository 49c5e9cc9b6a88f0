import { startCivitai } from '#local/civitai/server.ts'
import { startFileHost } from '#local/file-host/server.ts'
import { endpoints } from '../../../../../services/api/endpoints/endpoints.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'
import { seededRandom } from '../../../../support/seeded-random.ts'

let world: ApiWorld
let api: ApiInstance
let hubs: { close(): Promise<void> }[]

beforeAll(async () => {
  world = await startApiWorld()
  const fileHost = await startFileHost()
  const civitai = await startCivitai({ fileHost })
  hubs = [civitai, fileHost]
  const resolveHost = async () => [{ address: '93.184.215.14', family: 4 }]
  const env = { CIVITAI_BASE_URL: civitai.url, CIVITAI_REQUESTS_PER_MINUTE: '6000' }
  api = await world.start({ ...env, TRAININGS_PER_DAY: '0', GENERATIONS_PER_DAY: '0' }, { resolveHost })
})
afterAll(async () => {
  await world.close()
  for (const hub of hubs) await hub.close()
})

/** Bodies that are taken here; of the other endpoints the example that they give. */
const good: Record<string, Record<string, unknown>> = {
  createUploads: { files: [{ name: 'a', contentType: 'image/png', sizeBytes: 10 }] },
  createTraining: {
    name: 'Ana',
    type: 'woman',
    zipUrl: 'https://files.example.com/a.zip',
    options: { steps: 10, resolution: '512', autocaptionPrefix: null },
    force: true,
  },
  trainModel: { name: 'Ana', type: 'man', zipUrl: 'https://files.example.com/a.zip' },
  createGeneration: { modelId: 'm', prompt: 'p', count: 1 },
  addModel: { source: 'https://files.example.com/a.safetensors', name: 'A', type: 'lora', sync: false },
  changeModel: { name: 'A', tags: ['a'], trigger_words: ['b'], description: 'c', recommended_weight: null },
}

const oddValues: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  9_007_199_254_740_992,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '💥'.repeat(50),
  'x'.repeat(20_000),
  '../../etc/passwd',
  '{{7*7}}',
  [],
  [[]],
  Array(200).fill('a'),
  {},
  { constructor: { prototype: { polluted: true } } },
  { toString: 1, valueOf: 2, length: 3 },
]

/** The body with one value somewhere in it, or one key more, replaced by something odd. */
function oddBody(body: unknown, random: () => number): unknown {
  const odd = oddValues[Math.floor(random() * oddValues.length)]
  if (typeof body !== 'object' || body === null || random() < 0.2) return odd
  if (Array.isArray(body)) return random() < 0.3 ? [...body, odd] : body.map((one) => oddBody(one, random))
  const keys = [...Object.keys(body), '__proto__', 'constructor', 'extra']
  const key = keys[Math.floor(random() * keys.length)] ?? 'extra'
  const inner = (body as Record<string, unknown>)[key]
  // As JSON, since an own `__proto__` can only be written there.
  const text = JSON.stringify({ ...body, [key]: undefined })
  const value = JSON.stringify(random() < 0.5 ? oddBody(inner, random) : odd)
  return JSON.parse(`${text.slice(0, -1)}${text === '{}' ? '' : ','}${JSON.stringify(key)}:${value ?? null}}`)
}

test('whatever a body holds, the answer is one that the endpoint describes, and never our fault', async () => {
  const { token } = await world.signIn('somebody', { operator: true })
  const random = seededRandom(7)
  const seen = new Map<number, number>()
  for (const { id, method: verb, path: template, parts } of endpoints.filter((one) => one.parts.body)) {
    const method = verb.toUpperCase()
    const path = template.replace('{id}', 'no-such-one')
    const [example] = (parts.body?.meta()?.examples ?? []) as unknown[]
    const body = good[id] ?? example
    expect((await api.call({ token, method, path, body })).status).toBeLessThan(405)
    expect(parts.body?.safeParse(body).success).toBe(true)
    const bodies = Array.from({ length: 30 }, () => oddBody(body, random))
    for (let start = 0; start < bodies.length; start += 10) {
      const answers = bodies.slice(start, start + 10).map((odd) =>
        // Text as it is: a string is a body too.
        api.call({ token, method, path, body: JSON.stringify(odd ?? null) }),
      )
      for (const { status } of await Promise.all(answers)) seen.set(status, (seen.get(status) ?? 0) + 1)
    }
  }
  expect([...seen.keys()].filter((status) => status >= 500)).toEqual([])
  expect(seen.get(422)).toBeGreaterThan(120)
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  const severities = new Set(api.log.entries.map(({ severity }) => severity))
  expect(severities).toContain('INFO')
  expect(severities).not.toContain('ERROR')
})

test.each([
  ['arrays in arrays', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['objects in objects', `${'{"name":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
  ['arrays in a known field', `{"files":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ['many unknown keys', `{${Array.from({ length: 15_000 }, (_, n) => `"key${n}":1`).join(',')}}`],
  ['one long key', `{"${'k'.repeat(200_000)}":1}`],
])('%s are refused with a small answer', async (_title, body) => {
  const { token } = await world.signIn()
  const answer = await api.call({ token, path: '/api/uploads', body })
  expect(answer.status).toBe(422)
  expect(JSON.stringify(answer.body).length).toBeLessThan(5_000)
})

test.each(['a/b', '..', '.', '__x__', 'ü💥', ' ', 'a b?c#d%2F', 'x'.repeat(128), 'quote\'"`'])(
  'a user called %j can do what everybody can',
  async (uid) => {
    const { token } = await world.signIn(uid)
    const uploads = await api.call({ token, path: '/api/uploads', body: good.createUploads })
    expect(uploads.status).toBe(201)
    const training = await api.call({ token, path: '/api/trainings', body: good.createTraining })
    expect(training.status).toBe(202)
    const { trainings } = (await api.call({ token, path: '/api/trainings' })).body
    expect(trainings.map(({ userId }: { userId: string }) => userId)).toEqual([uid])
    expect((await api.call({ token, path: '/api/usage' })).body.trainings.used).toBe(1)
  },
)

test('a path that cannot be read is told as what it is', async () => {
  const { token } = await world.signIn()
  const answer = await api.call({ token, path: '/api/trainings/%ff' })
  expect([answer.status, answer.body.error.code]).toEqual([400, 'request.unreadable'])
})
