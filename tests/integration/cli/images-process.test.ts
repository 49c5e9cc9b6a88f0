import { randomUUID } from 'node:crypto'
import { addCharacter, type ForgeWorld, forge, forgeHere, startForgeWorld, visualsOf } from '../../support/forge.ts'
import { until } from '../../support/until.ts'

let world: ForgeWorld
beforeAll(async () => {
  world = await startForgeWorld({ IMAGES_PER_DAY: '1', INTERNAL_INVOKERS: '' })
})
afterAll(() => world.close())

const run = (...args: string[]) => forgeHere(args, world.env)

test('makes the showcase of a character and shows each status, what it took and how long', async () => {
  const { characterId } = await addCharacter(world)
  const { exitCode, stdout, stderr } = await forge(['images', 'process', characterId, '--watch'], { env: world.env })
    .ended
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(new RegExp(`^${characterId}  asked for, job [0-9a-f]{40}$`))
  expect(lines).toContain(`${characterId}  removing-background`)
  expect(lines.find((line) => line.includes('complete in'))).toMatch(
    new RegExp(`^${characterId}  complete in \\d+\\.\\d s$`),
  )
  expect(lines.at(-3)).toMatch(/^ {4}remove-background {2}clipdrop +\d+ {2}ms$/)
  expect(lines.at(-2)).toMatch(/^ {4}upscale +clipdrop +\d+ {2}ms$/)
  expect(lines.at(-1)).toBe('    clipdrop 2 credits')
  expect(await visualsOf(world, characterId)).toMatchObject({
    isShowcaseProcessed: true,
    showcaseProcessingStatus: 'complete',
    showcaseImageUrl: expect.any(String),
  })
})

test('--json says the same, one object a line', async () => {
  const { characterId } = await addCharacter(world)
  const answer = await run('images', 'process', characterId, '--watch', '--json')
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
  const records = answer.records()
  const jobId = records[0]?.jobId
  expect(records[0]).toEqual({
    type: 'request',
    characterId,
    outcome: 'requested',
    jobId: expect.stringMatching(/^[0-9a-f]{40}$/),
  })
  expect(records.at(-1)).toEqual({
    type: 'end',
    characterId,
    jobId,
    state: 'done',
    code: null,
    message: null,
    totalMs: expect.any(Number),
    credits: { clipdrop: 2 },
    lostCalls: {},
    claims: 1,
    steps: [
      { name: 'remove-background', provider: 'clipdrop', ms: expect.any(Number) },
      { name: 'upscale', provider: 'clipdrop', ms: expect.any(Number) },
    ],
  })
  expect(records.slice(1, -1).map((record) => record.type)).toEqual(expect.arrayContaining(['status']))
})

test('makes it again where there is one, and an operator’s wishes do not use up the user’s day', async () => {
  const { characterId, userId } = await addCharacter(world)
  for (const _time of [1, 2])
    expect(await run('images', 'process', characterId, '--watch')).toMatchObject({ exitCode: 0 })
  const jobs = await world.db.collection('jobs').where('subject', '==', `characters/${characterId}`).get()
  expect(jobs.docs.map((job) => job.get('state') as string)).toEqual(['done', 'done'])
  expect((await world.db.doc(`usage/${userId}`).get()).exists).toBe(false)
})

test('two calls at once for one character make one job', async () => {
  const { characterId } = await addCharacter(world)
  const answers = await Promise.all([1, 2, 3].map(() => run('images', 'process', characterId, '--watch', '--json')))
  expect(answers.map((answer) => answer.exitCode)).toEqual([0, 0, 0])
  expect(new Set(answers.map((answer) => answer.records()[0]?.jobId)).size).toBe(1)
  const jobs = await world.db.collection('jobs').where('subject', '==', `characters/${characterId}`).get()
  expect(jobs.size).toBe(1)
})

test('one that fails does not stop the others, and makes the exit code 1', async () => {
  const good = await addCharacter(world)
  const bad = await addCharacter(world, { imageUrl: 'http://169.254.169.254/latest/' })
  const missing = `character-${randomUUID()}`
  const answer = await run('images', 'process', good.characterId, bad.characterId, missing, '--watch', '--json')
  expect(answer.exitCode).toBe(1)
  const records = answer.records()
  const ends = new Map(records.filter((one) => one.type === 'end').map((one) => [one.characterId, one]))
  expect(ends.get(good.characterId)).toMatchObject({ state: 'done' })
  expect(ends.get(bad.characterId)).toMatchObject({
    state: 'failed',
    code: expect.stringMatching(/^guard\./),
    message: expect.stringMatching(/\.$/),
  })
  expect(records).toContainEqual({
    type: 'request',
    characterId: missing,
    outcome: 'refused',
    code: 'image.no-document',
    message: 'There is no such character.',
  })
})

test('characters without an owner or a main image are refused and left as they are', async () => {
  const withoutOwner = await addCharacter(world)
  const withoutImage = await addCharacter(world, { imageUrl: null })
  const ownerless = world.db.doc(`characters/${withoutOwner.characterId}`)
  const { writeTime } = await ownerless.update({ meta: {} })
  const answer = await run('images', 'process', withoutOwner.characterId, withoutImage.characterId, '--json')
  expect(answer.exitCode).toBe(1)
  expect(answer.records()).toMatchObject([
    { outcome: 'refused', code: 'image.no-owner' },
    { outcome: 'refused', code: 'image.no-picture' },
  ])
  expect((await ownerless.get()).updateTime).toEqual(writeTime)
})

test('without a task queue the job is due at once, and the reconciler of the service starts it', async () => {
  const { characterId } = await addCharacter(world)
  const { TASKS_QUEUE: _queue, TASKS_SERVICE_ACCOUNT: _account, ...env } = world.env
  const asked = await forgeHere(['images', 'process', characterId], env)
  expect(asked.exitCode).toBe(0)
  expect(asked.stderr).toContain('forge reconcile')
  expect(await visualsOf(world, characterId)).toMatchObject({ showcaseProcessingStatus: 'removing-background' })
  const byService = await forgeHere(['reconcile', '--json'], env)
  const report = { type: 'reconciled', service: 'image-worker', startedCharacters: 0, cleanedJobs: 0 }
  expect(byService.records()).toEqual([{ ...report, wokenJobs: 1 }])
  await until(async () => (await visualsOf(world, characterId)).showcaseProcessingStatus === 'complete')
  // With a queue it needs no service: nothing is left to do now.
  expect((await run('reconcile', '--json')).records()).toEqual([{ ...report, wokenJobs: 0 }])
})

test('a wait that takes too long ends with 1 and says that the job goes on', async () => {
  const { characterId } = await addCharacter(world)
  const { TASKS_QUEUE: _queue, TASKS_SERVICE_ACCOUNT: _account, ...env } = world.env
  const answer = await forgeHere(['images', 'process', characterId, '--watch', '--timeout', '1', '--json'], env)
  expect(answer.exitCode).toBe(1)
  expect(answer.records().at(-1)).toMatchObject({ type: 'end', state: 'unknown', code: 'forge.timeout' })
  expect((await run('images', 'process', characterId, '--json')).records()).toMatchObject([{ outcome: 'under-way' }])
})

test('Ctrl-C ends the watching, not the work', async () => {
  const { characterId } = await addCharacter(world)
  const { TASKS_QUEUE: _queue, TASKS_SERVICE_ACCOUNT: _account, ...env } = world.env
  const { child, ended, stdoutSoFar } = forge(['images', 'process', characterId, '--watch'], { env })
  await until(async () => stdoutSoFar().includes('removing-background'))
  child.kill('SIGINT')
  const answer = await ended
  expect(answer.exitCode).toBe(130)
  expect(answer.stderr).toContain('goes on')
})
