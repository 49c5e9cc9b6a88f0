import type { StartDocuments } from '../support/documents.ts'
import { seededRandom } from '../support/seeded-random.ts'
import {
  addCivitaiModel,
  fetchedBytes,
  ledgerDrift,
  leftovers,
  nothingLeft,
  publishedSha256,
  reconcile,
  type SyncCase,
  timesPublished,
} from '../support/sync-cases.ts'
import { type SyncWorld, startSyncWorld } from '../support/sync-world.ts'
import { until } from '../support/until.ts'
import { type Death, fetchedAgain, noteDeath } from './sync-kills/death.ts'
import { chooseMoments, describeMoment, type Moment } from './sync-kills/moments.ts'
import { strikeAt } from './sync-kills/strike.ts'

export interface SyncKillSetup {
  documents: StartDocuments
  seed: number
  /** How many kills. */
  kills: number
  sizeBytes: number
  /** A dead instance's lease is over after that. */
  leaseMs: number
  /** Whether the documents stay locked for a minute when a process dies within a transaction; then that is rather avoided. */
  keepsLocks?: boolean
  /** A bundle to run in place of the service's source. */
  main?: string
}

const partBytes = 256 * 1024
const lanes = 4
/** So long Google's emulator keeps the locks of a client that died within a transaction. */
const lockedMs = 60_000

/** SIGKILL from outside at random moments of one sync, again and again, until it has nevertheless got to its end. */
export function syncKills(setup: SyncKillSetup): void {
  let world: SyncWorld
  let waitsFor: string | null = null
  beforeAll(async () => {
    world = await startSyncWorld({
      documents: setup.documents,
      killProxy: true,
      ...(setup.main === undefined ? {} : { main: setup.main }),
      env: {
        LEASE_MS: String(setup.leaseMs),
        STUCK_AFTER_MS: '300',
        SYNC_PART_BYTES: String(partBytes),
        SYNC_LANES: String(lanes),
      },
    })
    // Slow enough for several lanes and for something to be under way at any moment.
    world.fileHost.shape({ bytesPerSecondPerConnection: 4_000_000 })
  })
  afterAll(async () => {
    if (waitsFor !== null) console.log(`ended while it waited for ${waitsFor}`)
    await world.close()
  })

  test(
    `a sync killed at ${setup.kills} random moments ends with the right bytes, published once, no stored part fetched again`,
    async () => {
      const one = addCivitaiModel(world, setup.sizeBytes)
      const moments = chooseMoments(seededRandom(setup.seed), { ...setup, partBytes })
      const shown: string[] = []
      const stop = world.db.doc('ai_models/killed').onSnapshot((snapshot) => {
        const status = snapshot.get('syncStatus') as string | undefined
        if (status !== undefined && status !== shown.at(-1)) shown.push(status)
      })
      const deaths = await dieAt(moments, one)
      waitsFor = 'the end of the sync'
      const model = await world.settled('killed')
      waitsFor = 'the listener, and tasks'
      // Each listener hears of a write in its own time.
      await until(async () => shown.at(-1) === model.syncStatus).finally(stop)
      await world.tasks?.idle()
      console.log(report(deaths))

      expect(model).toMatchObject({ syncStatus: 'synced', sha256: one.file.sha256, sizeBytes: setup.sizeBytes })
      expect(await publishedSha256(world, model.gcsUri)).toBe(one.file.sha256)
      expect(timesPublished(world, model.gcsUri)).toBe(1)
      expect(await world.objects('models/')).toHaveLength(1)
      expect(shown).toEqual(['syncing', 'synced'])

      expect(deaths).toHaveLength(setup.kills)
      const again = deaths.map((death) => fetchedAgain(world, death, partBytes))
      expect(again.map(({ storedBytes }) => storedBytes)).toEqual(again.map(() => 0))
      // What a kill costs: what was under way, and what of it lay in sockets.
      expect(fetchedBytes(world, one.file) - setup.sizeBytes).toBeLessThanOrEqual(setup.kills * lanes * partBytes)

      waitsFor = 'everything to be tidied up'
      await until(async () => {
        await reconcile(world)
        return JSON.stringify(await leftovers(world)) === JSON.stringify(nothingLeft)
      }, 100)
      waitsFor = null
      expect(await ledgerDrift(world)).toBe(0)
      const jobs = [...(await world.jobs('sync')), ...(await world.jobs('copy'))]
      expect(jobs.map(({ kind, state }) => `${kind} ${state}`)).toEqual(['sync done', 'copy done'])
    },
    60_000 + setup.kills * lockedMs,
  )

  /** Kills at each moment in turn, with the instance started again at once, and the event delivered until it is taken. */
  async function dieAt(moments: readonly Moment[], one: SyncCase): Promise<Death[]> {
    const deaths: Death[] = []
    const event = await world.write('killed', { name: 'Killed', syncStatus: 'syncing', ...one.source })
    let delivery: Promise<unknown> | null = null
    for (const moment of moments) {
      waitsFor = `${describeMoment(moment)}, after ${deaths.length} kills`
      const struck = strikeAt(world, moment)
      const started = delivery ? world.restartService().catch(() => {}) : Promise.resolve()
      delivery ??= world.deliver(event)
      const where = await struck
      deaths.push(await noteDeath(world, { moment: describeMoment(moment), where, file: one.file }))
      await started
    }
    await world.restartService()
    await delivery
    return deaths
  }

  function report(deaths: readonly Death[]): string {
    const lines = deaths.map((death, index) => {
      const { storedBytes, requests } = fetchedAgain(world, death, partBytes)
      const before = deaths[index - 1]
      const fetched = death.sentBytes - (before?.sentBytes ?? 0)
      const stored = death.storedBytes - (before?.storedBytes ?? 0)
      const lost = stored >= 0 ? fetched - stored : fetched
      return `${death.moment}: ${death.where}; ${death.parts.length} parts, ${lost} bytes lost under way, ${storedBytes} of stored parts fetched later (${requests} requests)`
    })
    return `seed ${setup.seed}, kills at:\n  ${lines.join('\n  ')}\n  at most ${lanes * partBytes} bytes a kill: ${lanes} lanes of ${partBytes}`
  }
}
