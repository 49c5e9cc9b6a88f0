import { createClock } from '#local/clock.ts'
import type { ReplicateFault } from '#local/replicate/faults.ts'
import type { Training } from '#shared/documents/trainings.ts'
import { startDocuments } from '../../support/documents.ts'
import { howMany } from '../../support/how-many.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { startTrainingWorld, type TrainingWorld } from '../../support/training-world.ts'

const count = howMany({ gate: 24, full: 100 })
const atOnce = 25
const seed = 5
/** Sixty seconds of the list's lag pass in two. */
const timeScale = 30
const searchMs = 5000

let world: TrainingWorld
beforeAll(async () => {
  world = await startTrainingWorld({
    documents: startDocuments,
    env: { TRAININGS_PER_DAY: '0', CREATE_SEARCH_MS: String(searchMs), TRAINING_POLL_MS: '1000' },
    replicate: { clock: createClock(timeScale), trainingTimes: { queueMs: 300, runMs: 3000 } },
  })
})
afterAll(() => world.close())

/** How an answer is lost: the list shows the run at once, later or never, and webhooks tell of it or do not. */
function lostAnswers(): (ReplicateFault & { kind: 'lost-answer' })[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, (_, index) => ({
    kind: 'lost-answer',
    listed: index % 4 === 3 ? 'never' : Math.floor(random() * 61),
    isSilent: random() < 0.7,
  }))
}

test(`${count} creations whose answers are lost: each was made once; what is found goes on, the others fail and are given back`, async () => {
  const lost = lostAnswers()
  // A training ends well without sample pictures too, and painting hundreds of them would take most of the time.
  world.replicate.inject({ endpoint: 'create', fault: { kind: 'status', status: 422 }, times: 10_000 })
  for (const fault of lost) world.replicate.inject({ endpoint: 'train', fault, times: 1 })
  const hopeless = lost.filter(({ listed, isSilent }) => listed === 'never' && isSilent === true).length
  expect(hopeless).toBeGreaterThan(count / 10)

  // Few users, so that what one wins or loses by another's would show in the sums.
  const callers = await Promise.all(Array.from({ length: 10 }, (_, index) => world.signIn(`lost-${index}`)))
  const left = Array.from({ length: count }, (_, index) => index)
  const ended: Training[] = []
  const trainInTurn = async () => {
    for (let index = left.shift(); index !== undefined; index = left.shift()) {
      const id = await world.train(callers[index % callers.length]!, await world.offerPhotos(index))
      ended.push(await world.ended(id))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, trainInTurn))
  const ids = ended.map(({ id }) => id)
  const codes = ended.flatMap(({ error }) => (error ? [error.code] : []))
  expect(codes).toEqual(Array(hopeless).fill('training.create-unknown'))

  // One creation each, answered or not: none was asked for a second time.
  const creations = world.replicate.requests.filter(({ endpoint }) => endpoint === 'train')
  expect(creations.map(({ fault }) => fault)).toEqual(Array(count).fill('lost-answer'))
  const found = ended.filter(({ replicateTrainingId }) => replicateTrainingId !== null)
  expect(new Set(found.map(({ replicateTrainingId }) => replicateTrainingId)).size).toBe(count - hopeless)

  const failed = ended.filter(({ status }) => status === 'failed')
  expect(failed.map(({ error }) => error?.code)).toEqual(Array(hopeless).fill('training.create-unknown'))
  expect(failed.every(({ replicateTrainingId }) => replicateTrainingId === null)).toBe(true)
  expect(ended.filter(({ status }) => status === 'succeeded')).toHaveLength(count - hopeless)

  for (const { uid } of callers) {
    const succeeded = ended.filter(({ userId, status }) => userId === uid && status === 'succeeded')
    const { trainings } = (await world.usage(uid)).quotas
    expect(Object.keys(trainings).toSorted()).toEqual(succeeded.map(({ id }) => id).toSorted())
    expect(Object.values(trainings).every(({ state }) => state === 'committed')).toBe(true)
  }
  expect((await world.mails()).toSorted()).toEqual(ids.map((id) => `training-${id}`).toSorted())
})
