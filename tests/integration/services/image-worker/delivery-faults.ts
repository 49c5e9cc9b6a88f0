import { createClock } from '#local/clock.ts'
import { createEventDelivery, type EventDelivery } from '#local/events/delivery.ts'
import type { Fault } from '#local/events/faults.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import { appBucket, type ImageCase, newCase, picture } from '../../../support/image-case.ts'
import { expectOneShowcase, useImageWorld } from '../../../support/image-world.ts'

/** Ten seconds of Pub/Sub's backoff pass in 50 ms. */
const timeScale = 200
const characters = 30

const faults: { fault: Fault; times: number }[] = [
  { fault: { kind: 'duplicate' }, times: 4 },
  { fault: { kind: 'concurrent-duplicates', copies: 4 }, times: 4 },
  { fault: { kind: 'reorder' }, times: 4 },
  { fault: { kind: 'delay', delayMs: 60_000 }, times: 4 },
  { fault: { kind: 'lost-answer' }, times: 4 },
  { fault: { kind: 'server-error' }, times: 4 },
]
const lostProviderAnswers = 3

/** Everything that can happen to an event on its way, at once, with the real worker behind it. */
export function deliveryFaults(documents: StartDocuments): void {
  let delivery: EventDelivery | null = null
  // Before the world's own: it is closed behind the delivery.
  afterAll(() => delivery?.close())
  const world = useImageWorld(() => ({ documents, onObjectChange: (change) => delivery?.publishObject(change) }))
  beforeAll(() => {
    delivery = createEventDelivery({
      dataDir: null,
      clock: createClock(timeScale),
      ackDeadlineMs: 60_000,
      triggers: [
        {
          name: 'uploads',
          type: 'google.cloud.storage.object.v1.finalized',
          bucket: appBucket,
          url: `${world.worker.url}/events/storage`,
        },
      ],
    })
  })

  test(`${characters} characters through every fault of delivery: all complete, each published once and paid once`, async () => {
    if (!delivery) throw new Error('Event delivery did not start.')
    for (const { fault, times } of faults) {
      // An event of our own output is acknowledged unread: a fault spent on it would prove little.
      delivery.inject({
        ...fault,
        times,
        match: ({ attributes }) => attributes.subject?.includes('raw-uploads/') === true,
      })
    }
    world.clipdrop.inject({ fault: { kind: 'lost-answer' }, times: lostProviderAnswers })
    const cases = Array.from({ length: characters }, newCase)
    await Promise.all(cases.map((one, index) => forge(one, index)))
    await delivery.idle()

    delivery.assertAllFired()
    world.clipdrop.assertAllFired()
    expect(delivery.deadLetters()).toEqual([])
    for (const one of cases) await expectOneShowcase(world, one)
    const paid = world.charged()
    expect(paid.background + paid.upscale).toBe(2 * characters + lostProviderAnswers)
    expect(await world.temporaries()).toEqual([])
    const seen = delivery.faults().map(({ fault, fired }) => `${fault.kind} × ${fired}`)
    console.log(`${characters} characters; fired: ${seen.join(', ')}, lost provider answers × ${lostProviderAnswers}`)
  })

  /** Every other document comes after its event. */
  async function forge(one: ImageCase, index: number): Promise<void> {
    const { url } = await world.uploadRaw(one.uploadName, await picture(index * 12))
    if (index % 2 === 1) await delivered(one)
    await world.createCharacter(one, url)
  }

  /** Until the worker has seen the event, so that the document is truly late. */
  async function delivered(one: ImageCase): Promise<void> {
    const deadline = Date.now() + 3_000
    while (Date.now() < deadline && (await world.jobsOf(one)).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
