import { randomUUID } from 'node:crypto'
import { Timestamp } from '@google-cloud/firestore'
import { localBuckets } from '#local/environment.ts'
import { ledgerRef } from '#shared/cache/ledger.ts'
import { holdFile } from '#shared/cache/use-file.ts'
import { jobRef } from '#shared/jobs/job-record.ts'
import { endpoints } from '../../../../../services/api/endpoints/endpoints.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'
import { storeFile, storeFolder } from '../../../../support/stored-models.ts'

let world: ApiWorld
let api: ApiInstance
let operator: string

beforeAll(async () => {
  world = await startApiWorld()
  api = await world.start({ CACHE_MAX_BYTES: '1000' })
  operator = (await world.signIn('boss', { operator: true })).token
})
afterAll(() => world.close())
beforeEach(async () => {
  for (const collection of ['model_files', 'cache', 'ai_models']) {
    for (const { ref } of (await world.db.collection(collection).get()).docs) await ref.delete()
  }
})

const day = (date: number) => new Date(`2026-03-${String(date).padStart(2, '0')}T12:00:00Z`)
/** Each is another file: its bytes are its name. */
const store = (name: string, options: { users?: string[]; lastUsedAt?: Date } = {}) =>
  storeFile(world, { name: `models/${name}-${randomUUID()}`, content: `${name}-${randomUUID()}`, ...options })
const get = (path: string, token = operator) => api.call({ token, path })
const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  api.call({ token: operator, method: 'POST', path, headers, ...(body === undefined ? {} : { body }) })

test.each(endpoints.filter(({ tag }) => tag === 'Cache').map(({ method, path }) => [method.toUpperCase(), path]))(
  '%s %s is for operators only, and says so before it looks at the request',
  async (method, path) => {
    const { token } = await world.signIn()
    const answer = await api.call({ token, method, path: path.replace('{id}', 'x') })
    expect([answer.status, answer.body.error.code]).toEqual([403, 'auth.operator-only'])
  },
)

test('the files are listed with the longest unused first, with their models, over pages', async () => {
  const { id: second } = await store('b', { users: ['nameless', 'b'], lastUsedAt: day(2) })
  await world.db.doc('ai_models/nameless').update({ name: null })
  const first = await store('a', { users: ['a'], lastUsedAt: day(1) })
  const { id: third } = await store('c', { lastUsedAt: day(3) })
  await ledgerRef(world.db, localBuckets.models).set({
    storedBytes: 300,
    trainedBytes: 20,
    reserved: { one: 30, two: 5 },
    waiting: {},
    isDoubtful: false,
  })
  const page = (await get('/api/cache?limit=2')).body
  expect(page).toMatchObject({ used_bytes: 300, reserved_bytes: 35, trained_bytes: 20, limit_bytes: 1000 })
  expect(page.files[0]).toEqual({
    file_id: first.id,
    uri: `gs://${localBuckets.models}/${first.stored?.name}`,
    size_bytes: first.stored?.sizeBytes,
    sha256: first.id,
    last_used_at: day(1).toISOString(),
    pinned: false,
    leased_until: null,
    models: [{ model_id: 'a', name: 'A' }],
  })
  expect(page.files[1]).toMatchObject({
    file_id: second,
    models: [
      { model_id: 'nameless', name: null },
      { model_id: 'b', name: 'B' },
    ],
  })
  const next = (await get(`/api/cache?limit=2&cursor=${page.next_cursor}`)).body
  expect(next.files.map(({ file_id }) => file_id)).toEqual([third])
  expect(next.next_cursor).toBeNull()
})

test('an empty cache without a limit has no sums yet', async () => {
  const unlimited = await world.start()
  const { body } = await unlimited.call({ token: operator, path: '/api/cache' })
  expect(body).toEqual({
    used_bytes: null,
    reserved_bytes: 0,
    trained_bytes: null,
    limit_bytes: null,
    files: [],
    next_cursor: null,
  })
})

test('a file is pinned and unpinned, as often as anybody says it', async () => {
  const { id } = await store('a', { lastUsedAt: day(1) })
  for (const [word, pinned] of [
    ['pin', true],
    ['pin', true],
    ['unpin', false],
    ['unpin', false],
  ] as const) {
    const { status, body } = await post(`/api/cache/files/${id}/${word}`)
    expect([status, body.file]).toMatchObject([200, { file_id: id, pinned, last_used_at: day(1).toISOString() }])
    expect((await get('/api/cache')).body.files).toMatchObject([{ file_id: id, pinned }])
  }
})

test('what the cache does not have cannot be pinned', async () => {
  for (const id of ['f'.repeat(64), 'hf-0123456789abcdef']) {
    const { status, body } = await post(`/api/cache/files/${id}/pin`)
    expect([status, body.error.code]).toEqual([404, 'file.not-found'])
  }
  expect((await world.db.collection('model_files').get()).size).toBe(0)
  expect((await post('/api/cache/files/__x__/pin')).status).toBe(422)
})

test('a lease is shown until it ends', async () => {
  const { id } = await store('a')
  const until = new Date(Date.now() + 60_000)
  await holdFile(world.db, { fileId: id, holder: 'somebody', until })
  expect((await get('/api/cache')).body.files).toMatchObject([{ leased_until: until.toISOString() }])
})

test('a verification is a job of model-sync; the same key asks for the same one', async () => {
  const before = world.woken.length
  const headers = { 'idempotency-key': randomUUID() }
  const answers = [
    await post('/api/cache/verify', { repair: true }, headers),
    await post('/api/cache/verify', { repair: true }, headers),
    await post('/api/cache/verify', {}),
  ]
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202])
  const [first = '', again, other] = answers.map(({ body }) => body.job_id)
  expect([again === first, other === first]).toEqual([true, false])
  expect((await jobRef(world.db, first).get()).data()).toMatchObject({
    kind: 'cache-verify',
    state: 'queued',
    input: { repair: true },
  })
  expect(new Set(world.woken.slice(before))).toEqual(
    new Set([first, other].map((id) => `http://127.0.0.1:11/internal/jobs/${id}`)),
  )
  expect((await get(`/api/cache/jobs/${first}`)).body).toMatchObject({ job_id: first, state: 'queued', report: null })
})

test('a job shows how far it is, and its report or its failure at the end', async () => {
  const { job_id } = (await post('/api/cache/verify', {})).body
  const job = async () => (await get(`/api/cache/jobs/${job_id}`)).body
  const progress = { phase: 'hashing', doneFiles: 1, totalFiles: 3, doneBytes: 10, totalBytes: 40 }
  await jobRef(world.db, job_id).update({ state: 'running', progress })
  expect(await job()).toMatchObject({
    kind: 'cache-verify',
    state: 'running',
    progress: { phase: 'hashing', done_files: 1, total_files: 3, done_bytes: 10, total_bytes: 40 },
    finished_at: null,
  })
  const report = {
    checked_files: 3,
    checked_bytes: 40,
    repaired: false,
    findings: [],
    findings_count: 0,
    drift_bytes: 0,
  }
  await jobRef(world.db, job_id).update({ state: 'done', result: report, finishedAt: Timestamp.fromDate(day(4)) })
  expect(await job()).toMatchObject({ state: 'done', report, error: null, finished_at: day(4).toISOString() })
  const failure = { code: 'job.deadline', message: 'It took too long.', at: Timestamp.now() }
  await jobRef(world.db, job_id).update({ state: 'failed', result: null, failure })
  expect(await job()).toMatchObject({
    state: 'failed',
    report: null,
    error: { code: 'job.deadline', message: 'It took too long.' },
  })
})

test('jobs of other kinds are none of the cache', async () => {
  const { job_id } = (await post('/api/cache/verify', {})).body
  await jobRef(world.db, job_id).update({ kind: 'sync' })
  for (const id of [job_id, '0'.repeat(40)]) {
    const { status, body } = await get(`/api/cache/jobs/${id}`)
    expect([status, body.error.code]).toEqual([404, 'job.not-found'])
  }
})

test('uses that a log tells of move files back in the order, unless they were used later already', async () => {
  const [early, late] = [await store('a', { lastUsedAt: day(1) }), await store('b', { lastUsedAt: day(10) })]
  const contents = { 'unet/a.bin': 'a', 'vae/b.bin': 'b' }
  const folder = await storeFolder(world, { prefix: 'models/folder/1/', contents, lastUsedAt: day(1) })
  const uri = (name: string | undefined) => `gs://${localBuckets.models}/${name}`
  const uses = [
    { uri: uri(early.stored?.name), used_at: day(5).toISOString() },
    { uri: uri(late.stored?.name), used_at: day(5).toISOString() },
    { uri: uri('models/folder/1/unet/a.bin'), used_at: day(7).toISOString() },
    { uri: uri('models/folder/1/vae/b.bin'), used_at: day(6).toISOString() },
    { uri: uri('models/folder/2/vae/b.bin'), used_at: day(6).toISOString() },
    { uri: 'gs://other/models/folder/1/vae/b.bin', used_at: day(6).toISOString() },
  ]
  const { status, body } = await post('/api/cache/used', { uses })
  expect([status, body]).toEqual([200, { marked: 3, unknown: 2 }])
  expect((await get('/api/cache')).body.files.map(({ file_id, last_used_at }) => [file_id, last_used_at])).toEqual([
    [early.id, day(5).toISOString()],
    [folder.id, day(7).toISOString()],
    [late.id, day(10).toISOString()],
  ])
})

test('nothing is used in the future', async () => {
  const { stored } = await store('a', { lastUsedAt: day(1) })
  const uses = [{ uri: `gs://${localBuckets.models}/${stored?.name}`, used_at: '2999-01-01T00:00:00Z' }]
  await post('/api/cache/used', { uses })
  const [file] = (await get('/api/cache')).body.files
  expect(Date.parse(file?.last_used_at ?? '')).toBeLessThanOrEqual(Date.now())
})

test('more uses than one query can ask for are noted, each file by its last', async () => {
  const rows = [await store('first', { lastUsedAt: day(1) }), await store('last', { lastUsedAt: day(1) })]
  const [first = '', last = ''] = rows.map(({ stored }) => `gs://${localBuckets.models}/${stored?.name}`)
  const others = Array.from({ length: 70 }, (_, index) => `gs://${localBuckets.models}/models/other${index}`)
  const uses = [3, 4, 2].flatMap((date) =>
    [first, ...others, last].map((uri) => ({ uri, used_at: day(date).toISOString() })),
  )
  expect((await post('/api/cache/used', { uses })).body).toEqual({ marked: 2, unknown: 3 * 70 })
  const { files } = (await get('/api/cache')).body
  expect(files.map(({ last_used_at }) => last_used_at)).toEqual([day(4).toISOString(), day(4).toISOString()])
})

describe('a clean-up', () => {
  const clean = (body: Record<string, unknown>, headers: Record<string, string> = {}) =>
    post('/api/cache/clean', body, headers)
  const book = (fields: { storedBytes: number; trainedBytes?: number; reserved?: Record<string, number> }) =>
    ledgerRef(world.db, localBuckets.models).set({
      trainedBytes: 0,
      reserved: {},
      waiting: {},
      isDoubtful: false,
      ...fields,
    })
  /** A file of `bytes` in the index alone: a plan reads nothing else. */
  const sized = (name: string, bytes: number, lastUsed: number) =>
    storeFile(world, {
      name: `models/${name}-${randomUUID()}`,
      content: `${name}-${randomUUID()}`,
      lastUsedAt: day(lastUsed),
      row: { countedBytes: bytes },
    })

  test('is only planned unless somebody says otherwise: the longest unused go until the rest fits', async () => {
    const [oldest, middle, newest] = [await sized('a', 400, 1), await sized('b', 400, 2), await sized('c', 400, 3)]
    await book({ storedBytes: 1250, trainedBytes: 50 })
    const { status, body } = await clean({})
    expect(status).toBe(200)
    expect(body.plan).toMatchObject({
      max_bytes: 1000,
      keep_recent: 0,
      evict: [{ file_id: oldest.id, size_bytes: 400 }],
      keep: [
        { file: { file_id: middle.id }, why: 'fits' },
        { file: { file_id: newest.id }, why: 'fits' },
      ],
      freed_bytes: 400,
      freed_space_gb: 0,
    })
    expect((await get('/api/cache')).body.files).toHaveLength(3)
  })

  test('counts what is reserved for copies, and spares what is pinned, held and used last', async () => {
    const rows = [
      await sized('a', 200, 1),
      await sized('b', 200, 2),
      await sized('c', 200, 3),
      await sized('d', 200, 4),
    ]
    const [pinned = '', held = '', free = '', recent = ''] = rows.map(({ id }) => id)
    await book({ storedBytes: 800, reserved: { copy: 700 } })
    await post(`/api/cache/files/${pinned}/pin`)
    const until = new Date(Date.now() + 60_000)
    await world.db.doc(`model_files/${held}`).update({ leases: { somebody: Timestamp.fromDate(until) } })
    const { plan } = (await clean({ keep_recent: 1 })).body
    expect(plan.evict.map(({ file_id }) => file_id)).toEqual([free])
    expect(plan.keep.map(({ file, why }) => [file.file_id, why])).toEqual([
      [pinned, 'pinned'],
      [held, 'leased'],
      [recent, 'recent'],
    ])
  })

  test('goes down to the size that is asked for, in GiB', async () => {
    const rows = [await sized('a', 400, 1), await sized('b', 400, 2)]
    await book({ storedBytes: 800 })
    const { plan } = (await clean({ max_size_gb: 500 / 1024 ** 3 })).body
    expect([plan.max_bytes, plan.evict.map(({ file_id }) => file_id)]).toEqual([500, [rows[0]?.id]])
    expect((await clean({ max_size_gb: 0 })).body.plan.evict).toHaveLength(2)
  })

  test('has nothing to do without any limit', async () => {
    await sized('a', 4000, 1)
    const unlimited = await world.start()
    const { plan } = (await unlimited.call({ token: operator, path: '/api/cache/clean', body: {} })).body
    expect(plan).toMatchObject({ max_bytes: null, evict: [], keep: [{ why: 'fits' }], freed_bytes: 0 })
  })

  test('takes files by name too, however much room there is, but for what must stay', async () => {
    const rows = [await sized('a', 400, 1), await sized('b', 400, 2), await sized('c', 400, 3)]
    const [first = '', second = '', third = ''] = rows.map(({ id }) => id)
    await post(`/api/cache/files/${second}/pin`)
    const { plan } = (await clean({ file_ids: [third, second, 'f'.repeat(64)] })).body
    expect(plan).toMatchObject({
      evict: [{ file_id: third }],
      keep: [{ file: { file_id: second }, why: 'pinned' }],
      freed_bytes: 400,
    })
    const { job_id } = (await clean({ file_ids: [first], dry_run: false })).body
    expect((await jobRef(world.db, job_id).get()).get('input')).toMatchObject({ fileIds: [first], maxBytes: null })
  })

  test('is a job of model-sync where it is meant; the same key asks for the same one', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const wish = { max_size_gb: 0.5, keep_recent: 2, dry_run: false }
    const [first, again] = [await clean(wish, headers), await clean(wish, headers)]
    expect([first.status, again.body.job_id === first.body.job_id]).toEqual([202, true])
    expect((await jobRef(world.db, first.body.job_id).get()).data()).toMatchObject({
      kind: 'cache-clean',
      input: { maxBytes: 2 ** 29, keepRecent: 2 },
    })
    expect(world.woken).toContain(`http://127.0.0.1:11/internal/jobs/${first.body.job_id}`)
    const { job_id } = (await clean({ dry_run: false })).body
    expect((await jobRef(world.db, job_id).get()).get('input')).toMatchObject({ maxBytes: null, keepRecent: null })
  })

  test.each([
    [{ max_size_gb: -1 }],
    [{ file_ids: ['f'.repeat(64)], keep_recent: 1 }],
    [{ keep_recent: 0.5 }],
    [{ dry_run: 'no' }],
    [{ max_size: 1 }],
  ])('that asks for %j is refused', async (body) => {
    expect((await clean(body)).status).toBe(422)
  })
})
