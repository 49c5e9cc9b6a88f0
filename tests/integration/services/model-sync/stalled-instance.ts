import { jobId } from '#shared/jobs/job-record.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import { type Gate, Gates, startGateProxy } from '../../../support/gates.ts'
import type { ServiceUnderTest } from '../../../support/service-under-test.ts'
import {
  addCivitaiModel,
  publishedSha256,
  readModel,
  reconcile,
  type SyncCase,
  timesPublished,
  untilTidy,
} from '../../../support/sync-cases.ts'
import { type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

/**
 * Where the first instance stands still, by the request to the bucket that it is held at. Times what happens meanwhile,
 * these are as many copies as one instance makes at once.
 */
const phases = {
  'a part under way': /^before POST \/upload.*\/part-00001$/,
  'a part stored': /^done POST \/upload.*\/part-00001$/,
  'the object not yet made': /^before POST .*\/o\/models\/.*\/compose$/,
  'the object made': /^done POST .*\/o\/models\/.*\/compose$/,
  'a part to be removed': /^before DELETE .*\/part-00000$/,
} as const
type Phase = keyof typeof phases

/** What happens while it stands still. */
const meanwhile = ['taken over', 'canceled', 'deleted'] as const

interface Stall extends SyncCase {
  modelId: string
  phase: Phase
  meanwhile: (typeof meanwhile)[number]
  gate: Gate
}

/** One of two instances is stopped (SIGSTOP) at each phase, its leases run out, and it wakes up (SIGCONT) last of all. */
export function stalledInstance(documents: StartDocuments): void {
  const gates = new Gates()
  let world: SyncWorld
  let second: ServiceUnderTest
  beforeAll(async () => {
    world = await startSyncWorld({
      documents,
      bucketProxy: (target) => startGateProxy(target, gates),
      env: { LEASE_MS: '1500', STUCK_AFTER_MS: '300', SYNC_CONCURRENCY: '16', SYNC_COPY_WAIT_MS: '500' },
    })
    second = await world.startAnotherInstance()
  })
  afterAll(() => world.close())

  test('a copy that ends after the same bytes have come from elsewhere: models name one object, and it stays', async () => {
    const one = addCivitaiModel(world)
    const gate = gates.close((label) => /^before POST .*\/o\/models\/late\/.*\/compose$/.test(label))
    await world.deliver(await world.write('late', { name: 'late', syncStatus: 'syncing', ...one.source }))
    await gate.reached
    const early = await world.sync('early', { name: 'early', sourceUrl: world.fileHost.locationOf(one.file) })
    gate.open()
    const late = await world.settled('late')
    await untilTidy(world)
    await until(async () => (await world.objects('models/')).length === 1)
    expect(late).toMatchObject({ syncStatus: 'synced', gcsUri: early.gcsUri, sha256: one.file.sha256 })
    expect(await publishedSha256(world, early.gcsUri)).toBe(one.file.sha256)
  })

  test('a stalled instance that wakes last publishes nothing, takes nothing away and brings nothing back', async () => {
    const names = Object.keys(phases) as Phase[]
    const cases = names.flatMap((phase) => meanwhile.map((what) => ({ phase, what })))
    const stalls = await Promise.all(cases.map(({ phase, what }, index) => bringTo(`m${index}`, phase, what)))
    world.service.child.kill('SIGSTOP')
    world.routeTasks(second)
    await Promise.all(stalls.map(interfere))
    await untilOver(stalls)
    const before = await statesOf(stalls)

    // What it had asked of the bucket server is carried out only now, and then it wakes up itself.
    for (const { gate } of stalls) gate.open()
    world.service.child.kill('SIGCONT')
    await world.tasks?.idle()
    await untilTidy(world, () => reconcile(world, second))

    expect(await statesOf(stalls)).toEqual(before)
    for (const { modelId, phase, meanwhile: what, file } of stalls) {
      const model = await readModel(world, modelId)
      const label = `${phase}, ${what}`
      if (what === 'taken over') {
        expect({ label, ...model }).toMatchObject({ label, syncStatus: 'synced', sha256: file.sha256 })
        expect({ label, sha256: await publishedSha256(world, model?.gcsUri) }).toEqual({ label, sha256: file.sha256 })
        expect({ label, times: timesPublished(world, model?.gcsUri) }).toEqual({ label, times: 1 })
      } else {
        expect({ label, shown: model?.syncStatus ?? null, error: model?.syncError ?? null }).toEqual({
          label,
          shown: what === 'deleted' ? null : 'notsynced',
          error: null,
        })
        expect({ label, objects: await unnamedObjects(modelId) }).toEqual({ label, objects: [] })
      }
    }
    console.log(`stalled at, each taken over, canceled or deleted meanwhile: ${names.join('; ')}`)
  })

  /** A sync on the first instance, held at the phase. */
  async function bringTo(modelId: string, phase: Phase, what: Stall['meanwhile']): Promise<Stall> {
    const one = addCivitaiModel(world)
    const work = jobId(`copy:${one.file.sha256}#1`)
    const gate = gates.close(
      (label) => phases[phase].test(label) && (label.includes(work) || label.includes(`/${modelId}/`)),
    )
    const event = await world.write(modelId, { name: modelId, syncStatus: 'syncing', ...one.source })
    await world.deliver(event)
    await gate.reached
    return { ...one, modelId, phase, meanwhile: what, gate }
  }

  async function interfere({ modelId, meanwhile: what }: Stall): Promise<void> {
    if (what === 'taken over') return
    const event = await world.write(modelId, what === 'canceled' ? { syncStatus: 'notsynced' } : null)
    await world.deliver(event, second)
  }

  /** The reconciler on the second instance finds the leases that have run out. */
  async function untilOver(stalls: readonly Stall[]): Promise<void> {
    await until(async () => {
      await reconcile(world, second)
      const jobs = [...(await world.jobs('sync')), ...(await world.jobs('copy'))]
      return jobs.length >= 2 * stalls.length && jobs.every(({ finishedAt }) => finishedAt !== null)
    }, 200)
  }

  async function statesOf(stalls: readonly Stall[]): Promise<unknown> {
    const jobs = [...(await world.jobs('sync')), ...(await world.jobs('copy'))]
    const models = await Promise.all(stalls.map(async ({ modelId }) => [modelId, await readModel(world, modelId)]))
    return { models, jobs: jobs.map(({ key, state, fence }) => [key, state, fence]) }
  }

  /** Objects of a model that no row of files names. */
  async function unnamedObjects(modelId: string): Promise<string[]> {
    const stored = (await world.db.collection('model_files').get()).docs.map((found) => String(found.get('uri')))
    return (await world.objects(`models/${modelId}/`)).filter((name) => !stored.some((uri) => uri.endsWith(`/${name}`)))
  }
}
