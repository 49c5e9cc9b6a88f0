import type { PhotoSource } from '#shared/trainings/training-jobs.ts'
import { trainingZipName } from '#shared/trainings/training-places.ts'
import { howMany, isFull } from '../../../../support/how-many.ts'
import { crashAt } from './crash-points.ts'
import { type StartWorld, useStartWorld } from './start-world.ts'

interface After {
  point: string
  status: string
  code: string | null
  charged: number
  finishJobs: number
  refunded: boolean
  hasZip: boolean
  left: string[]
  mails: number
}

/** Dies at a point, is taken up again by another instance until the end, and says what came of it. */
async function dieAndGoOn(world: StartWorld, source: PhotoSource, point: number): Promise<After | null> {
  const before = world.charged()
  const id = await world.ask(source, { force: true })
  const crash = crashAt(world.deps, point)
  // A death at the claim is seen by whoever delivered the task.
  await world.attempt(id, crash.deps).catch((error: unknown) => expect(String(error)).toMatch(/Firestore refused/))
  if (!crash.crashed()) return null
  await world.expireLease(id)
  const training = await world.finish(id)
  // The redelivery that a clean-up may be left to.
  await world.attempt(id)
  const objects = await world.objects()
  const zip = trainingZipName(training)
  const finishJobs = (await world.jobsOf('training-finish')).filter(({ input }) => input.trainingId === id)
  return {
    point: crash.passed.at(-1)!,
    status: training.status,
    code: training.error?.code ?? null,
    charged: world.charged() - before,
    finishJobs: finishJobs.length,
    refunded: (await world.usage()).quotas.trainings[id] === undefined,
    hasZip: objects.includes(zip),
    left: objects.filter((name) => !name.startsWith('training-zips/')),
    mails: (await world.db.doc(`mail/training-${id}`).get()).exists ? 1 : 0,
  }
}

const begun = {
  status: 'training',
  code: null,
  charged: 1,
  finishJobs: 1,
  refunded: false,
  hasZip: true,
  left: [],
  mails: 0,
}
/** Nobody can know whether a call that was about to be made was made. */
const unknown = {
  ...begun,
  status: 'failed',
  code: 'training.create-unknown',
  charged: 0,
  finishJobs: 0,
  refunded: true,
  hasZip: false,
  mails: 1,
}

/** At each point of a start from `source`: the process dies there, and another instance goes on. The gate tries every second, from `first` on. */
export function testCrashes(about: string, first: 1 | 2, source: (world: StartWorld) => Promise<PhotoSource>): void {
  let world: StartWorld

  useStartWorld((started) => {
    world = started
  })

  test(`wherever the process dies with ${about}, one training is created, or none and it is said`, async () => {
    const seen: After[] = []
    const step = howMany({ gate: 2, full: 1 })
    for (let point = isFull ? 1 : first; ; point += step) {
      const after = await dieAndGoOn(world, await source(world), point)
      if (after === null) break
      seen.push(after)
    }

    expect(seen.length).toBeGreaterThan(25 / step)
    for (const { point, ...after } of seen) {
      const isLost = after.code === 'training.create-unknown'
      expect({ point, ...after }).toEqual({ point, ...(isLost ? unknown : begun) })
    }
    // The write that opens the call, and the moment before it leaves: nothing was created, and nothing may be created again.
    const unknownAt = seen.filter(({ code }) => code !== null).map(({ point }) => point)
    const expected = ['after runTransaction', 'before create']
    if (isFull) expect(unknownAt).toEqual(expected)
    // They are neighbours.
    else expect(expected.map((point) => [point])).toContainEqual(unknownAt)
  })
}
