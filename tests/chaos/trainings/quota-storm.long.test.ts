import { startDocuments } from '../../support/documents.ts'
import { type Caller, startTrainingWorld, type TrainingWorld } from '../../support/training-world.ts'

const quota = 3
const atOnce = 50

let world: TrainingWorld
let instances: string[]
beforeAll(async () => {
  world = await startTrainingWorld({
    documents: startDocuments,
    env: { TRAININGS_PER_DAY: String(quota) },
    // A training that failed within the storm would make room for another.
    replicate: { trainingTimes: { queueMs: 3000, runMs: 100 } },
  })
  instances = [world.urls.api, (await world.startAnother('api')).url]
})
afterAll(() => world.close())

/** As many starts at once, by one user, over two instances; each has photos of its own, so that none is another's. */
async function storm(caller: Caller, urls: readonly string[]) {
  const answers = await Promise.all(
    urls.map((zipUrl, index) =>
      world.call(
        caller,
        'POST',
        '/api/trainings',
        { name: 'Storm', type: 'man', zipUrl, options: { loraRank: 1, steps: 10 } },
        instances[index % instances.length],
      ),
    ),
  )
  return {
    statuses: Object.fromEntries(
      [...new Set(answers.map(({ status }) => status))].map((status) => [
        status,
        answers.filter((answer) => answer.status === status).length,
      ]),
    ),
    started: answers.filter(({ status }) => status === 202).map(({ body }) => body.training.id as string),
    refused: answers.filter(({ status }) => status === 429),
  }
}

test(`${atOnce} starts at once against a quota of ${quota}: as many start, the others are told when, none fails`, async () => {
  const caller = await world.signIn()
  const urls = await Promise.all(Array.from({ length: atOnce }, (_, index) => world.offerPhotos(index)))

  // First they fail, all that start, and are given back; then there is room for as many, and those stay counted.
  for (const outcome of ['failed', 'succeeded'] as const) {
    if (outcome === 'failed') {
      world.replicate.inject({
        endpoint: 'train',
        fault: { kind: 'failed', error: 'CUDA out of memory.' },
        times: quota,
      })
    }
    const { statuses, started, refused } = await storm(caller, urls)
    expect(statuses).toEqual({ 202: quota, 429: atOnce - quota })
    expect(refused.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true)
    const ended = await Promise.all(started.map((id) => world.ended(id)))
    expect(ended.map(({ status }) => status)).toEqual(Array(quota).fill(outcome))

    const { quotas, failedRuns, storage } = await world.usage(caller.uid)
    const committed = outcome === 'failed' ? [] : started
    expect(Object.keys(quotas.trainings).toSorted()).toEqual(committed.toSorted())
    expect(Object.values(quotas.trainings).every(({ state }) => state === 'committed')).toBe(true)
    // Refunded, they are counted by themselves: each was billed.
    expect(Object.values(failedRuns.trainings).map(({ amount }) => amount)).toEqual(Array(quota).fill(1))
    expect(storage.reserved).toEqual({})
    if (outcome === 'failed') expect(storage.usedBytes).toBe(0)
  }
  world.replicate.assertAllFired()
  expect((await storm(caller, urls)).statuses).toEqual({ 429: atOnce })
})
