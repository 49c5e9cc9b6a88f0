import { Timestamp } from '@google-cloud/firestore'
import { localBuckets } from '#local/environment.ts'
import {
  addCharacter,
  type ForgeWorld,
  forgeHere,
  objectNames,
  startForgeWorld,
  visualsOf,
} from '../../support/forge.ts'
import { until } from '../../support/until.ts'

let world: ForgeWorld
beforeAll(async () => {
  world = await startForgeWorld()
})
afterAll(() => world.close())

const run = (...args: string[]) => forgeHere(args, world.env)

/** A character whose showcase was made, with a temporary that was left behind. */
async function finished() {
  const one = await addCharacter(world)
  const answer = await run('images', 'process', one.characterId, '--watch', '--json')
  expect(answer.exitCode).toBe(0)
  const jobId = String(answer.records()[0]?.jobId)
  // The worker tidies up after the end that was told; what is left behind has to come after that.
  await until(async () => (await objectNames(world, 'work', `work/${jobId}/`)).length === 0)
  await world.storage.bucket(localBuckets.work).file(`work/${jobId}/left-1`).save('bytes', { resumable: false })
  return { ...one, jobId }
}

/** What there is of a character in the buckets and the books. */
async function left(of: { characterId: string; userId: string; jobId: string }) {
  const jobs = await world.db.collection('jobs').where('subject', '==', `characters/${of.characterId}`).get()
  return {
    outputs: (await objectNames(world, 'app', `showcase-images/${of.userId}/`)).length,
    uploads: (await objectNames(world, 'app', `raw-uploads/${of.userId}/`)).length,
    temporaries: (await objectNames(world, 'work', `work/${of.jobId}/`)).length,
    jobs: jobs.size,
    slot: (await world.db.doc(`showcase_runs/${of.characterId}`).get()).exists,
  }
}

test('removes outputs, temporaries, jobs and run slot of one character, and nothing of another', async () => {
  const one = await finished()
  const other = await finished()
  const everything = { outputs: 1, uploads: 1, temporaries: 1, jobs: 1, slot: true }
  expect(await left(one)).toEqual(everything)

  const dry = await run('purge', 'character', one.characterId, '--dry-run')
  expect(dry).toMatchObject({ exitCode: 0, stderr: '' })
  expect(dry.stdout).toMatch(/showcase images +1 .*KiB\n {2}temporaries +1 .*\n {2}jobs +1\n {2}run slots +1\n$/)
  expect(await left(one)).toEqual(everything)
  const unasked = await run('purge', 'character', one.characterId)
  expect(unasked.exitCode).toBe(2)
  expect(await left(one)).toEqual(everything)

  const variants = { full: { webp: 'https://example.com/a.webp' }, thumbnails: {} }
  await world.db.doc(`characters/${one.characterId}`).update({ 'visuals.showcaseVariants': variants })
  expect(await run('purge', 'character', one.characterId, '--yes')).toMatchObject({ exitCode: 0 })
  expect(await left(one)).toEqual({ outputs: 0, uploads: 1, temporaries: 0, jobs: 0, slot: false })
  // The document stays; it no longer points at a picture that is gone.
  const visuals = await visualsOf(world, one.characterId)
  expect(visuals).toMatchObject({
    isShowcaseProcessed: false,
    showcaseImageUrl: null,
    showcaseProcessingStatus: 'idle',
  })
  expect(visuals).not.toHaveProperty('showcaseJobId')
  expect(visuals).not.toHaveProperty('showcaseVariants')
  expect(visuals.gallery).toEqual([visuals.imageUrl])
  expect(await left(other)).toEqual(everything)

  const again = await run('purge', 'character', one.characterId, '--yes')
  expect(again).toMatchObject({ exitCode: 0, stdout: `There is nothing of ${one.characterId} to remove.\n` })
})

test('a deleted character: its jobs still say whose it was, and no document comes back; --raw takes the uploads', async () => {
  const one = await finished()
  await world.db.doc(`characters/${one.characterId}`).delete()
  const answer = await run('purge', 'character', one.characterId, '--raw', '--yes', '--json')
  expect(answer.exitCode).toBe(0)
  expect(answer.records()).toMatchObject([
    {
      type: 'plan',
      hasDocument: false,
      parts: [
        { part: 'showcase images', count: 1 },
        { part: 'temporaries', count: 1 },
        { part: 'uploads', count: 1 },
        { part: 'jobs', count: 1 },
        { part: 'run slots', count: 1 },
      ],
    },
    { type: 'purged' },
  ])
  expect(await left(one)).toEqual({ outputs: 0, uploads: 0, temporaries: 0, jobs: 0, slot: false })
  expect((await world.db.doc(`characters/${one.characterId}`).get()).exists).toBe(false)
})

test('a character that a job works on now is left alone, whole', async () => {
  const one = await finished()
  const expiresAt = Timestamp.fromMillis(Date.now() + 60_000)
  await world.db.doc(`jobs/${one.jobId}`).update({ state: 'running', lease: { owner: 'somebody', expiresAt } })
  const answer = await run('purge', 'character', one.characterId, '--yes')
  expect(answer.exitCode).toBe(1)
  expect(answer.stderr).toMatch(/^A job works on this character now .*\.\n$/)
  expect(await left(one)).toEqual({ outputs: 1, uploads: 1, temporaries: 1, jobs: 1, slot: true })
  expect(await visualsOf(world, one.characterId)).toMatchObject({ showcaseProcessingStatus: 'complete' })
})
