import type { DocumentData } from '@google-cloud/firestore'
import type { DocumentEvent } from '../../../support/document-events.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import type { ServiceUnderTest } from '../../../support/service-under-test.ts'
import { addCivitaiModel, publishedSha256, readModel, type SyncCase, untilTidy } from '../../../support/sync-cases.ts'
import { type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

/** What the app writes, in a word. */
type Write = 'sync' | 'cancel' | 'edit'

/** How the events of some writes come once all is written: one after the other in an order, or at once; at two instances. */
interface Delivery {
  writes: readonly Write[]
  order: readonly number[]
  isAtOnce: boolean
}

const seed = 11

/** Events in any order: in the end a document says what the app asked for last. */
export function eventOrders(documents: StartDocuments, setup: { samples: number }): void {
  let world: SyncWorld
  let second: ServiceUnderTest
  beforeAll(async () => {
    world = await startSyncWorld({
      documents,
      env: { SYNC_CONCURRENCY: '16', SYNC_COPY_WAIT_MS: '1000', JOBS_PER_HOUR: '1000' },
    })
    second = await world.startAnotherInstance()
    world.fileHost.shape({ bytesPerSecondPerConnection: 2_000_000 })
  })
  afterAll(() => world.close())

  test('a cancel and "Sync now" again at once, in every order of their events: synced', async () => {
    const again: readonly Write[] = ['sync', 'cancel', 'sync']
    const orders = ordersOf(again.length)
    const atOnce = orders.slice(0, 2).map((order) => ({ writes: again, order, isAtOnce: true }))
    await run([...orders.map((order) => ({ writes: again, order, isAtOnce: false })), ...atOnce])
  })

  test('"Sync now" and a cancel at once, twice, in every fourth order of their events: not synced, and nothing of it stays', async () => {
    const withdrawn: readonly Write[] = ['sync', 'cancel', 'sync', 'cancel']
    const orders = ordersOf(withdrawn.length).filter((_, index) => index % 4 === 1)
    await run(orders.map((order, index) => ({ writes: withdrawn, order, isAtOnce: index % 2 === 0 })))
  })

  test(`longer sequences with changes of the source, in ${setup.samples} orders of chance: what was asked for last`, async () => {
    const random = seededRandom(seed)
    const cases = Array.from({ length: setup.samples }, (): Delivery => {
      const writes = Array.from({ length: 4 + Math.floor(random() * 3) }, () =>
        sampleOf<Write>(['sync', 'cancel', 'edit'], random),
      )
      const all: Write[] = ['sync', ...writes]
      return { writes: all, order: shuffled([...all.keys()], random), isAtOnce: random() < 0.5 }
    })
    await run(cases)
  })

  async function run(deliveries: readonly Delivery[]): Promise<void> {
    // Three models to two files: some wait together, and nobody waits for a row that all of them want.
    const groups = deliveries.map((_, index) =>
      index % 3 === 0 ? [addCivitaiModel(world, 500_000), addCivitaiModel(world, 400_000)] : null,
    )
    const sourcesOf = (index: number) => groups[index - (index % 3)] ?? []
    const ends = await Promise.all(deliveries.map((delivery, index) => play(delivery, sourcesOf(index))))
    await untilTidy(world)
    for (const { modelId, label, expected } of ends) {
      const model = await readModel(world, modelId)
      expect({ label, status: model?.syncStatus, sha256: model?.sha256, error: model?.syncError }).toEqual({
        label,
        error: undefined,
        ...expected,
      })
      if (model?.syncStatus === 'synced') expect(await publishedSha256(world, model.gcsUri)).toBe(model.sha256)
    }
    console.log(`seed ${seed}, ends as asked:\n  ${ends.map(({ label }) => label).join('\n  ')}`)
  }

  let models = 0

  /** Writes as the app does, delivers the events as told, and waits until the document has come to rest. */
  async function play(delivery: Delivery, sources: readonly SyncCase[]) {
    models += 1
    const modelId = `order-${models}`
    let source = 0
    const events: DocumentEvent[] = []
    await world.write(modelId, { name: modelId, syncStatus: 'notsynced', ...sources[source]!.source })
    for (const write of delivery.writes) {
      if (write === 'edit') source = 1 - source
      const { source: fields } = sources[source]!
      const asked: Record<Write, DocumentData> = {
        sync: { syncStatus: 'syncing' },
        cancel: { syncStatus: 'notsynced' },
        edit: fields,
      }
      events.push(await world.write(modelId, asked[write]))
    }
    const inOrder = delivery.order.map((index) => events[index]!)
    const deliver = (event: DocumentEvent, index: number) =>
      world.deliver(event, index % 2 === 0 ? world.service : second)
    if (delivery.isAtOnce) await Promise.all(inOrder.map(deliver))
    else for (const [index, event] of inOrder.entries()) await deliver(event, index)

    const isWanted = delivery.writes.findLast((write) => write !== 'edit') === 'sync'
    if (isWanted) await until(async () => (await readModel(world, modelId))?.syncStatus === 'synced', 100)
    const { sha256 } = sources[source]!.file
    const label = `${delivery.writes.join(', ')}, delivered ${delivery.order.map((index) => index + 1).join(' ')}${delivery.isAtOnce ? ' at once' : ''}`
    const expected = isWanted ? { status: 'synced', sha256 } : { status: 'notsynced', sha256: undefined }
    return { modelId, label, expected }
  }
}

function ordersOf(length: number): number[][] {
  if (length === 0) return [[]]
  return ordersOf(length - 1).flatMap((order) =>
    Array.from({ length }, (_, place) => [...order.slice(0, place), length - 1, ...order.slice(place)]),
  )
}

function sampleOf<T>(choices: readonly T[], random: () => number): T {
  return choices[Math.floor(random() * choices.length)]!
}

function shuffled(numbers: readonly number[], random: () => number): number[] {
  return numbers
    .map((number) => ({ number, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ number }) => number)
}
