import { createClock } from '#local/clock.ts'
import { createEventDelivery, type EventDelivery } from '#local/events/delivery.ts'
import type { Fault } from '#local/events/faults.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import {
  appBucket,
  charged,
  createCharacter,
  type ImageCase,
  type ImageWorld,
  jobsOf,
  newCase,
  picture,
  publishedPicture,
  readCharacter,
  startImageWorld,
  temporaries,
  uploadRaw,
} from '../../../support/image-world.ts'

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
  let world: ImageWorld
  let delivery: EventDelivery | null = null
  beforeAll(async () => {
    world = await startImageWorld({ documents, onObjectChange: (change) => delivery?.publishObject(change) })
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
  afterAll(async () => {
    await delivery?.close()
    await world.close()
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
    for (const one of cases) await expectOneShowcase(one)
    const paid = charged(world)
    expect(paid.background + paid.upscale).toBe(2 * characters + lostProviderAnswers)
    expect(await temporaries(world)).toEqual([])
    const seen = delivery.faults().map(({ fault, fired }) => `${fault.kind} × ${fired}`)
    console.log(`${characters} characters; fired: ${seen.join(', ')}, lost provider answers × ${lostProviderAnswers}`)
  }, 60_000)

  /** Every other document comes after its event. */
  async function forge(one: ImageCase, index: number): Promise<void> {
    const { url } = await uploadRaw(world, one.uploadName, await picture(index * 12))
    if (index % 2 === 1) await delivered(one)
    await createCharacter(world, one, url)
  }

  /** Until the worker has seen the event, so that the document is truly late. */
  async function delivered(one: ImageCase): Promise<void> {
    const deadline = Date.now() + 3_000
    while (Date.now() < deadline && (await jobsOf(world, one)).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async function expectOneShowcase(one: ImageCase): Promise<void> {
    const { visuals } = await readCharacter(world, one)
    expect(visuals).toMatchObject({ showcaseProcessingStatus: 'complete', isShowcaseProcessed: true })
    const result = `${appBucket}/showcase-images/${one.userId}/${one.characterId}/showcase_${one.characterId}.png`
    expect(world.finalized.filter((name) => name === result)).toHaveLength(1)
    expect(await publishedPicture(world, one)).toMatchObject({ status: 200, contentType: 'image/png' })
    expect(await jobsOf(world, one)).toMatchObject([{ state: 'done', lease: null, openCall: null }])
  }
}
