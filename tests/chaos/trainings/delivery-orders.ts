import type { Training } from '#shared/documents/trainings.ts'
import type { StartDocuments } from '../../support/documents.ts'
import { howMany } from '../../support/how-many.ts'
import { startTrainingWorld, type TrainingWorld } from '../../support/training-world.ts'
import { writeRun, writeTraining } from './seeded-training.ts'
import {
  createDestination,
  deliver,
  endedRun,
  type Outcome,
  toldOf,
  type WebhookEvent,
  webhookEvents,
} from './told-runs.ts'

interface OrderCase {
  outcome: Outcome
  order: readonly WebhookEvent[]
  times: 1 | 2
  /** Of our own write of the run's id. */
  place: 'before' | 'after'
}

/** Every order of the four, once and twice, before and after our own write. */
function casesOf(outcome: Outcome): OrderCase[] {
  return permutations(webhookEvents).flatMap((order) =>
    ([1, 2] as const).flatMap((times) =>
      (['before', 'after'] as const).map((place) => ({ outcome, order, times, place })),
    ),
  )
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))
}

const atOnce = 12

/** Trainings of each outcome, told of in every order: same end, one mail, one copy of the weights, the quota right. */
export function deliveryOrders(documents: StartDocuments, outcomes: readonly Outcome[]): void {
  let world: TrainingWorld
  let datasetUrl: string

  beforeAll(async () => {
    world = await startTrainingWorld({
      documents,
      services: ['replicate-webhook'],
      // Only what is told counts, and the one look at the beginning: nobody asks again within the test.
      env: { TRAINING_POLL_MS: '300000' },
      replicate: { trainingTimes: { queueMs: 1, runMs: 1 } },
    })
    // A training ends well without sample pictures too, and painting hundreds of them would take most of the time.
    world.replicate.inject({ endpoint: 'create', fault: { kind: 'status', status: 422 }, times: 10_000 })
    datasetUrl = await world.offerPhotos(1)
    await createDestination(world)
  })
  afterAll(() => world.close())

  test.each(outcomes)(
    'a training that is %s comes to one end, whatever the order of what is told',
    async (outcome) => {
      const { uid } = await world.signIn(`orders-${outcome}`)
      const all = casesOf(outcome)
      expect(all).toHaveLength(96)
      // Steps of five meet once and twice, before and after, and orders of all beginnings.
      const cases = all.filter((_, index) => index % howMany({ gate: 5, full: 1 }) === 0)
      const left = [...cases.entries()]
      const ended: Training[] = []
      const work = async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const [index, one] = next
          ended.push(await bringToItsEnd(one, { id: `${outcome}-${index}`, userId: uid }))
        }
      }
      await Promise.all(Array.from({ length: atOnce }, work))

      const [first] = ended
      expect(first?.status).toBe(outcome === 'succeeded' ? 'succeeded' : 'failed')
      for (const { id, status, stage, error, modelId } of ended) {
        expect({ id, status, stage, error }).toEqual({
          id,
          status: first?.status,
          stage: first?.stage,
          error: first?.error,
        })
        expect(modelId).toBe(outcome === 'succeeded' ? id : null)
      }
      const ids = ended.map(({ id }) => id)
      const mails = (await world.mails()).filter((id) => id.startsWith(`training-${outcome}-`))
      expect(mails.toSorted()).toEqual(ids.map((id) => `training-${id}`).toSorted())
      const copies = world.finalized.filter((name) => name.includes(`/trained/${uid}/`))
      expect(copies).toHaveLength(outcome === 'succeeded' ? ids.length : 0)
      expect(new Set(copies).size).toBe(copies.length)
      const { trainings } = (await world.usage(uid)).quotas
      const counted = Object.entries(trainings).filter(([, { state }]) => state === 'committed')
      expect(counted.map(([id]) => id).toSorted()).toEqual(outcome === 'succeeded' ? ids.toSorted() : [])
      expect(Object.keys(trainings)).toHaveLength(counted.length)
    },
    300_000,
  )

  async function bringToItsEnd(one: OrderCase, { id, userId }: { id: string; userId: string }): Promise<Training> {
    await writeTraining(world, { id, userId })
    const run = await endedRun(world, { outcome: one.outcome, datasetUrl })
    const told = toldOf(run, id)
    const deliverAll = async () => {
      for (const event of one.order) {
        for (let time = 0; time < one.times; time++) await deliver(world, { id, event, body: told[event] })
      }
    }
    if (one.place === 'before') await deliverAll()
    await writeRun(world, { id, userId, runId: String(run.id) })
    if (one.place === 'after') await deliverAll()
    return await world.ended(id)
  }
}
