import type { DocumentEvent } from '../support/document-events.ts'
import type { StartDocuments } from '../support/documents.ts'
import { seededRandom } from '../support/seeded-random.ts'
import {
  addCivitaiModel,
  ledgerDrift,
  publishedSha256,
  readModel,
  reconcile,
  type SyncCase,
  timesPublished,
  untilTidy,
} from '../support/sync-cases.ts'
import { type SyncWorld, startSyncWorld } from '../support/sync-world.ts'

const steps = ['sync', 'cancel', 'edit', 'delete', 'kill', 'duplicate', 'lose', 'hold back'] as const
type Step = (typeof steps)[number]

/** What the app wants of one model, and the events that it made. */
interface Wish {
  id: string
  file: number
  /** Null where the document is deleted. */
  status: 'syncing' | 'notsynced' | null
  past: DocumentEvent[]
}

/**
 * Sequences of chance over three models that share two files: what the app writes, deliveries that are repeated, lost or
 * held back, and kills. At rest, after the reconciler, every model says what was asked of it last and nothing else is left.
 */
export function syncSequences(documents: StartDocuments, setup: { seeds: readonly number[]; steps: number }): void {
  let world: SyncWorld
  beforeAll(async () => {
    world = await startSyncWorld({
      documents,
      env: {
        LEASE_MS: '800',
        STUCK_AFTER_MS: '0',
        SYNC_COPY_WAIT_MS: '500',
        SYNC_LANES: '2',
        JOBS_PER_HOUR: '1000',
        // Kills come faster here than anywhere, and many of them before a part is stored.
        MAX_FAILURES: '50',
      },
    })
    world.fileHost.shape({ bytesPerSecondPerConnection: 1_000_000 })
  })
  afterAll(() => world.close())

  test.each(setup.seeds)(
    'seed %i: at rest every model says what was asked of it last, and nothing else is left',
    async (seed) => {
      const random = seededRandom(seed)
      const oneOf = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!
      const files = [addCivitaiModel(world, 900_000), addCivitaiModel(world, 600_000)]
      const wishes = [0, 1, 2].map(
        (index): Wish => ({ id: `s${seed}-${index}`, file: index % 2, status: null, past: [] }),
      )
      const deliveries: Promise<unknown>[] = []
      const done: string[] = []
      for (let count = 0; count < setup.steps; count++) {
        const wish = oneOf(wishes)
        // Most of all the app asks; what else happens, happens to that.
        const step = random() < 0.35 ? 'sync' : oneOf(steps)
        done.push(`${step}${step === 'kill' ? '' : ` ${wishes.indexOf(wish) + 1}`}`)
        deliveries.push(...(await take(step, { wish, wishes, files, oneOf })))
      }
      await Promise.all(deliveries)
      console.log(`seed ${seed}: ${done.join(', ')}`)
      await untilTidy(world, () => reconcile(world))
      for (const wish of wishes) await expectAsAsked(wish, files)
      await reconcile(world)
      expect(await ledgerDrift(world)).toBe(0)
    },
    60_000,
  )

  async function take(
    step: Step,
    context: { wish: Wish; wishes: readonly Wish[]; files: readonly SyncCase[]; oneOf<T>(choices: readonly T[]): T },
  ): Promise<Promise<unknown>[]> {
    const { wish, wishes, files, oneOf } = context
    switch (step) {
      case 'sync':
        wish.status = 'syncing'
        return [world.deliver(await write(wish, files))]
      case 'cancel':
        if (wish.status === null) return []
        wish.status = 'notsynced'
        return [world.deliver(await write(wish, files))]
      case 'edit':
        wish.file = 1 - wish.file
        if (wish.status === null) return []
        return [world.deliver(await write(wish, files))]
      case 'delete': {
        wish.status = null
        return [world.deliver(await write(wish, files))]
      }
      case 'kill':
        await world.killService()
        await world.restartService()
        return []
      case 'duplicate': {
        const past = wishes.flatMap((one) => one.past)
        return past.length === 0 ? [] : [world.deliver(oneOf(past))]
      }
      case 'lose':
        wish.status = 'syncing'
        await write(wish, files)
        return []
      case 'hold back': {
        // Comes with a later duplicate, or never.
        if (wish.status === null) return []
        wish.status = oneOf(['syncing', 'notsynced'] as const)
        await write(wish, files)
        return []
      }
      default:
        return step satisfies never
    }
  }

  async function write(wish: Wish, files: readonly SyncCase[]): Promise<DocumentEvent> {
    const { source } = files[wish.file]!
    const fields = wish.status && { name: wish.id, syncStatus: wish.status, ...source }
    const event = await world.write(wish.id, fields)
    wish.past.push(event)
    return event
  }

  async function expectAsAsked({ id, file, status }: Wish, files: readonly SyncCase[]): Promise<void> {
    const model = await readModel(world, id)
    if (status === null) {
      expect({ id, model }).toEqual({ id, model: null })
    } else if (status === 'notsynced') {
      expect({ id, ...model }).toMatchObject({ id, syncStatus: 'notsynced' })
      expect(model).not.toHaveProperty('syncError')
    } else {
      const { sha256 } = files[file]!.file
      expect({ id, ...model }).toMatchObject({ id, syncStatus: 'synced', sha256 })
      expect(await publishedSha256(world, model?.gcsUri)).toBe(sha256)
      expect(timesPublished(world, model?.gcsUri)).toBe(1)
    }
  }
}
