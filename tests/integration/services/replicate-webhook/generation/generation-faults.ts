import type { ReplicateEndpoint, ReplicateFault } from '#local/replicate/faults.ts'
import { type GenerationWorld, startGenerationWorld } from './generation-world.ts'

interface Case {
  fault: ReplicateFault
  times?: number
  endpoint?: ReplicateEndpoint
  /** Why the first picture is missing; null where it is there. */
  code: string | null
  /** Of the predictions, the missing picture's included. */
  created: number
}

const cases: [name: string, one: Case][] = [
  ['fails', { fault: { kind: 'failed', error: 'CUDA out of memory.' }, code: 'generation.failed', created: 2 }],
  [
    'is found unsafe',
    {
      fault: { kind: 'failed', error: 'NSFW content detected. Try running it again, or try a different prompt.' },
      code: 'generation.nsfw',
      created: 2,
    },
  ],
  [
    'is interrupted',
    {
      fault: { kind: 'failed', error: 'Prediction interrupted; please retry (code: PA)' },
      code: 'generation.interrupted',
      created: 2,
    },
  ],
  ['is canceled', { fault: { kind: 'canceled' }, code: 'generation.stopped', created: 2 }],
  ['is aborted', { fault: { kind: 'aborted' }, code: 'generation.stopped', created: 2 }],
  ['never ends', { fault: { kind: 'never-ends' }, code: 'generation.timeout', created: 2 }],
  [
    'never ends, not even canceled',
    { fault: { kind: 'never-ends', evenCanceled: true }, code: 'generation.timeout', created: 2 },
  ],
  ['has a status that nobody knows', { fault: { kind: 'unknown-status', status: 'queued' }, code: null, created: 2 }],
  ['has odd fields', { fault: { kind: 'odd-fields' }, code: null, created: 2 }],
  [
    'makes something else',
    { fault: { kind: 'output', output: { text: 'a cat' } }, code: 'generation.bad-output', created: 2 },
  ],
  [
    'names a file elsewhere',
    { fault: { kind: 'output', output: ['http://169.254.169.254/x.png'] }, code: 'generation.bad-output', created: 2 },
  ],
  ['makes nothing', { fault: { kind: 'output', output: [] }, code: 'generation.bad-output', created: 2 }],
  ['makes noise', { fault: { kind: 'noise' }, times: 4, code: 'generation.bad-output', created: 2 }],
  ['is cut at its first download', { fault: { kind: 'half-picture' }, code: null, created: 2 }],
  ['breaks off at its first download', { fault: { kind: 'cut-body' }, endpoint: 'output', code: null, created: 2 }],
  ['is served as anything', { fault: { kind: 'wrong-type', contentType: 'text/html' }, code: null, created: 2 }],
  ['is a JPEG', { fault: { kind: 'no-alpha' }, code: null, created: 2 }],
  [
    'is gone',
    { fault: { kind: 'status', status: 404 }, endpoint: 'output', code: 'generation.output-gone', created: 2 },
  ],
  [
    'lies behind a fault for a while',
    { fault: { kind: 'status', status: 503 }, times: 5, endpoint: 'output', code: null, created: 2 },
  ],
  [
    'finds no credit',
    { fault: { kind: 'status', status: 402 }, endpoint: 'create', code: 'replicate.no-credit', created: 1 },
  ],
  [
    'is not accepted',
    { fault: { kind: 'status', status: 422 }, endpoint: 'create', code: 'replicate.refused', created: 1 },
  ],
  ['comes too early', { fault: { kind: 'status', status: 429 }, times: 3, endpoint: 'create', code: null, created: 2 }],
  [
    'always comes too early',
    {
      fault: { kind: 'status', status: 429 },
      times: 11,
      endpoint: 'create',
      code: 'replicate.rate-limited',
      created: 1,
    },
  ],
  [
    'is not answered, and was not begun',
    { fault: { kind: 'reset' }, endpoint: 'create', code: 'generation.create-unknown', created: 1 },
  ],
  [
    'is answered by a gateway',
    {
      fault: { kind: 'status', status: 502, html: true },
      endpoint: 'create',
      code: 'generation.create-unknown',
      created: 1,
    },
  ],
  [
    'is not answered, but listed',
    { fault: { kind: 'lost-answer', isSilent: true }, endpoint: 'create', code: null, created: 2 },
  ],
  [
    'is not answered, but listed later',
    { fault: { kind: 'lost-answer', listed: 130, isSilent: true }, endpoint: 'create', code: null, created: 2 },
  ],
  [
    'is not answered, but tells of itself',
    { fault: { kind: 'lost-answer', listed: 'never' }, endpoint: 'create', code: null, created: 2 },
  ],
  [
    'is not answered and never heard of again',
    {
      fault: { kind: 'lost-answer', listed: 'never', isSilent: true },
      endpoint: 'create',
      code: 'generation.create-unknown',
      created: 2,
    },
  ],
]

/** One thing at a time goes wrong with the first of two pictures. Without `names`, each of the table. */
export function generationFaultSuite(names?: readonly string[]): void {
  let world: GenerationWorld
  beforeAll(async () => {
    world = await startGenerationWorld()
  })
  afterAll(() => world.close())
  afterEach(() => world.replicate.assertAllFired())

  const chosen = cases.filter(([name]) => names?.includes(name) ?? true)
  test('every case that is named is in the table', () => {
    expect(chosen).toHaveLength(names?.length ?? cases.length)
  })

  test.each(chosen)(
    'where the first of two %s, the other picture comes, and no prediction is made twice',
    async (_, one) => {
      const { fault, times = 1, endpoint, code } = one
      const generation = await world.order()
      world.replicate.inject({ fault, times, ...(endpoint ? { endpoint } : {}) })
      expect(await world.finish(generation)).toEqual({ kind: 'done' })

      const ended = await world.read(generation)
      const missing = {
        code: 'generation.incomplete',
        message: expect.stringMatching(/^1 of 2 pictures could not be made\. /),
      }
      expect(ended).toMatchObject({ status: 'succeeded', error: code === null ? null : missing })
      const made = code === null ? [0, 1] : [1]
      expect(ended?.images.map(({ index }) => index)).toEqual(made)
      expect(await world.objects(generation)).toHaveLength(made.length)
      expect((await world.job(generation)).steps['picture-0']?.result).toMatchObject(
        code === null ? { kind: 'made' } : { kind: 'failed', code },
      )
      expect(world.created(generation)).toHaveLength(one.created)
      const { quotas, failedRuns } = await world.usage()
      expect(quotas.generations[generation.id]).toMatchObject({ state: 'committed', amount: made.length })
      const { steps } = await world.job(generation)
      const known = ['create-0', 'create-1'].filter((step) => steps[step] !== undefined)
      expect(failedRuns.generations[generation.id]?.amount ?? 0).toBe(known.length - made.length)
    },
  )
}
