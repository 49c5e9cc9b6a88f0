import { Timestamp } from '@google-cloud/firestore'
import { localBuckets } from '#local/environment.ts'
import { readUsage } from '#shared/documents/quotas.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'

let world: ApiWorld
let api: ApiInstance
let clockMs = Date.now()

beforeAll(async () => {
  world = await startApiWorld({ now: () => clockMs })
  api = await world.start()
})
afterAll(() => world.close())

const offer = (token: string, files: { name?: string; contentType: string; sizeBytes: number }[], at = api) =>
  at.call({ token, path: '/api/uploads', body: { files } })
const jpeg = (sizeBytes: number) => ({ contentType: 'image/jpeg', sizeBytes })

test('a photo is uploaded with what is offered, and a training can be asked of it', async () => {
  const { uid, token } = await world.signIn()
  const contents = ['first', 'second', 'third', 'fourth']
  const files = contents.map((text, index) => ({ name: `${index} ä.jpg`, ...jpeg(text.length) }))
  const answer = await offer(token, files)
  expect(answer.status).toBe(201)
  const { uploads } = answer.body
  expect(uploads.map(({ name }) => name)).toEqual(files.map(({ name }) => name))
  for (const [index, { objectName, url, method, headers, expiresAt }] of uploads.entries()) {
    expect(objectName).toMatch(new RegExp(`^training-uploads/${uid}/[a-z2-7]{20}\\.jpg$`))
    // Signed by whole seconds of the system's own clock.
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 15 * 60_000)).toBeLessThan(10_000)
    const begun = await fetch(url, { method, headers })
    expect(begun.status).toBe(201)
    const put = await fetch(begun.headers.get('location') ?? '', { method: 'PUT', body: contents[index] ?? '' })
    expect(put.status).toBe(200)
    expect((await world.store.stat({ bucket: localBuckets.work, name: objectName }))?.contentType).toBe('image/jpeg')
  }
  const images = uploads.map(({ objectName }: { objectName: string }) => objectName)
  const training = await api.call({ token, path: '/api/trainings', body: { name: 'Ana', type: 'woman', images } })
  expect(training.status).toBe(202)
})

test('each type has its extension, and names are never given twice', async () => {
  const { token } = await world.signIn()
  const files = [jpeg(1), { contentType: 'image/png', sizeBytes: 1 }, { contentType: 'image/webp', sizeBytes: 1 }]
  const names = [...(await offer(token, files)).body.uploads, ...(await offer(token, files)).body.uploads].map(
    ({ objectName }: { objectName: string }) => objectName,
  )
  expect(names.map((name) => name.split('.').at(-1))).toEqual(['jpg', 'png', 'webp', 'jpg', 'png', 'webp'])
  expect(new Set(names).size).toBe(6)
})

test('the storage that uploads may take is counted until a day later', async () => {
  const limited = await world.start({ STORAGE_QUOTA_BYTES: '1000' })
  const { uid, token } = await world.signIn()
  expect((await offer(token, [jpeg(600)], limited)).status).toBe(201)
  clockMs += 3_600_000
  const full = await offer((await world.signIn(uid)).token, [jpeg(401)], limited)
  expect([full.status, full.body.error.code]).toEqual([429, 'quota.storage'])
  expect(full.headers.get('retry-after')).toBe(String(23 * 3600))
  expect((await offer((await world.signIn(uid)).token, [jpeg(400)], limited)).status).toBe(201)
  const never = await offer((await world.signIn(uid)).token, [jpeg(1001)], limited)
  expect([never.status, never.headers.get('retry-after')]).toEqual([429, null])
  clockMs += 23 * 3_600_000
  const { token: later } = await world.signIn(uid)
  expect((await limited.call({ token: later, path: '/api/usage' })).body.storage).toEqual({
    usedBytes: 400,
    mostBytes: 1000,
  })
  expect((await offer(later, [jpeg(600)], limited)).status).toBe(201)
  expect(Object.keys((await readUsage(null, world.db, uid)).storage.reserved)).toHaveLength(2)
})

test('many requests at once reserve what there is and no more', async () => {
  const limited = await world.start({ STORAGE_QUOTA_BYTES: '1000' })
  const { uid, token } = await world.signIn()
  const answers = await Promise.all(Array.from({ length: 25 }, () => offer(token, [jpeg(100)], limited)))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(15)
  expect(Object.keys((await readUsage(null, world.db, uid)).storage.reserved)).toHaveLength(10)
})

test('the reservations of one user cannot outgrow their document', async () => {
  const { uid, token } = await world.signIn()
  const expireAt = Timestamp.fromMillis(clockMs + 86_400_000)
  const reserved = Object.fromEntries(Array.from({ length: 499 }, (_, index) => [`k${index}`, { bytes: 1, expireAt }]))
  await world.db.doc(`usage/${uid}`).set({ storage: { usedBytes: 0, reserved } })
  expect((await offer(token, [jpeg(1)])).status).toBe(201)
  const refused = await offer(token, [jpeg(1)])
  expect([refused.status, refused.body.error.code]).toEqual([429, 'quota.uploads'])
  expect(Number(refused.headers.get('retry-after'))).toBe(86_400)
  clockMs += 86_400_000
  expect((await offer((await world.signIn(uid)).token, [jpeg(1)])).status).toBe(201)
})

test('what could not be signed is not counted', async () => {
  const { uid, token } = await world.signIn()
  const keyFile = process.env.GOOGLE_APPLICATION_CREDENTIALS
  process.env.GOOGLE_APPLICATION_CREDENTIALS = '/nowhere/key.json'
  const keyless = await world.start()
  try {
    const answer = await offer(token, [jpeg(100), jpeg(200)], keyless)
    expect([answer.status, answer.body.error.code]).toEqual([503, 'objects.not-signed'])
  } finally {
    process.env.GOOGLE_APPLICATION_CREDENTIALS = keyFile
  }
  expect((await readUsage(null, world.db, uid)).storage.reserved).toEqual({})
})
