import {
  addCharacter,
  type ExistingCharacter,
  type ForgeWorld,
  forgeHere,
  startForgeWorld,
  visualsOf,
} from '../../support/forge.ts'

let world: ForgeWorld
let without: ExistingCharacter[]
beforeAll(async () => {
  world = await startForgeWorld()
  // What must be passed over: done, at work, without a picture, without an owner, failed before.
  await addCharacter(world, { isShowcaseProcessed: true, showcaseProcessingStatus: 'complete' })
  await addCharacter(world, { isShowcaseProcessed: false, showcaseProcessingStatus: 'upscaling' })
  await addCharacter(world, { imageUrl: null })
  await addCharacter(world, {}, '')
  await addCharacter(world, { isShowcaseProcessed: false, showcaseProcessingStatus: 'failed' })
  // An old document has none of the fields, a newer one says idle.
  const fresh = { isShowcaseProcessed: false, showcaseImageUrl: null, showcaseProcessingStatus: 'idle' }
  without = await Promise.all([{}, fresh, fresh, fresh, {}].map((visuals) => addCharacter(world, visuals, 'ann')))
  without.sort((a, b) => (a.characterId < b.characterId ? -1 : 1))
})
afterAll(() => world.close())

const run = (...args: string[]) => forgeHere(['images', 'backfill', ...args], world.env)
const idsOf = (records: Record<string, unknown>[], type: string) =>
  records.filter((record) => record.type === type).map((record) => record.characterId)
const paid = () => world.cloud.clipdrop.requests.filter((request) => request.charged).length

test('--dry-run lists those without a showcase, estimates, and changes nothing', async () => {
  const answer = await run('--dry-run', '--json')
  expect(answer.exitCode).toBe(0)
  const [estimate, ...rest] = answer.records()
  expect(estimate).toEqual({
    type: 'estimate',
    characters: 5,
    isMore: false,
    steps: [
      { step: 'background', provider: 'clipdrop', credits: 5 },
      { step: 'upscale', provider: 'clipdrop', credits: 5 },
    ],
  })
  expect(idsOf(rest, 'candidate')).toEqual(expect.arrayContaining(without.map((one) => one.characterId)))
  expect((await world.db.collection('jobs').get()).size).toBe(0)
  expect(paid()).toBe(0)
})

test('spends nothing where nobody can be asked, and says how to', async () => {
  const answer = await run('--limit', '2', '--price', 'clipdrop.upscale=4')
  expect(answer.exitCode).toBe(2)
  expect(answer.stdout).toMatch(
    /2 characters have .*, and there are more than --limit\.\nEstimate .*:\n {2}background {2}clipdrop {2}2 credits\n {2}upscale {5}clipdrop {2}8 credits\n/,
  )
  expect(answer.stderr).toContain('--yes')
  expect((await world.db.collection('jobs').get()).size).toBe(0)
})

test('is bounded, goes on where it ended, and passes over what is done', async () => {
  const ids = without.map((one) => one.characterId)
  const first = await run('--limit', '2', '--yes', '--json', '--concurrency', '2')
  expect(first).toMatchObject({ exitCode: 0, stderr: '' })
  expect(idsOf(first.records(), 'end')).toHaveLength(2)
  expect(first.records().at(-1)).toMatchObject({
    type: 'summary',
    done: 2,
    failed: 0,
    passedOver: 0,
    credits: { clipdrop: 4 },
  })
  const second = await run('--yes', '--json', '--concurrency', '3')
  expect(second).toMatchObject({ exitCode: 0 })
  // All but the two of the first call; the character of nobody is not among them either.
  const made = [...idsOf(first.records(), 'end'), ...idsOf(second.records(), 'end')]
  expect(made.sort()).toEqual(expect.arrayContaining(ids))
  expect(new Set(made).size).toBe(made.length)
  expect(paid()).toBe(2 * made.length)
  for (const id of ids) expect(await visualsOf(world, id)).toMatchObject({ showcaseProcessingStatus: 'complete' })
  const third = await run('--yes')
  expect(third).toMatchObject({ exitCode: 0, stdout: '0 characters have a main image and no showcase.\n' })
  expect(paid()).toBe(2 * made.length)
})

test('failures in a row end it before every character is marked as failed; --failed tries those again', async () => {
  const more = await Promise.all(Array.from({ length: 9 }, () => addCharacter(world)))
  world.cloud.clipdrop.inject({ fault: { kind: 'status', status: 402 }, times: 5 })
  const broke = await run('--yes', '--json', '--concurrency', '1')
  expect(broke.exitCode).toBe(1)
  expect(broke.records().at(-1)).toMatchObject({
    type: 'summary',
    done: 0,
    failed: 5,
    stoppedBy: expect.stringMatching(/^It ended because 5 failed in a row, the last with clipdrop\./),
  })
  world.cloud.clipdrop.assertAllFired()
  const again = await run('--yes', '--json', '--failed')
  expect(again).toMatchObject({ exitCode: 0 })
  expect(idsOf(again.records(), 'end')).toEqual(expect.arrayContaining(more.map((one) => one.characterId)))
})
