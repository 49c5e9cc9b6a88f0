import type { DocumentData } from '@google-cloud/firestore'
import { type SyncWorld, type SyncWorldOptions, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

/** A model that is not synced, and why. */
export interface RefusedModel {
  /** Of the test. */
  title: string
  /** Puts it at its source, and says what the document names. `key` is the row's own. */
  add(world: SyncWorld, key: string): DocumentData
  code: string
  /** Somewhere in the sentence that people read. */
  says?: RegExp
  /** `syncRetryAt`. Default: none. */
  retryAt?: Date
  /** Several files, of which the first may have lain at their place, without a manifest, when the next was refused. */
  isFolder?: boolean
}

/** Syncs all of them at once, in a world of its own: each ends with its code and sentence, and nothing is in the bucket. */
export function refusedModels(options: SyncWorldOptions & { models: readonly RefusedModel[] }): void {
  const { models, ...worldOptions } = options
  let world: SyncWorld
  const running: Promise<DocumentData>[] = []
  beforeAll(async () => {
    world = await startSyncWorld({
      ...worldOptions,
      env: { SYNC_CONCURRENCY: '16', LEASE_MS: '30000', SYNC_COPY_WAIT_MS: '30000', ...options.env },
    })
    for (const [index, model] of models.entries()) {
      running.push(
        world.sync(`refused-${index}`, { name: `refused ${index}`, ...model.add(world, `refused-${index}`) }),
      )
    }
    // Each is awaited by its own test.
    for (const one of running) one.catch(() => {})
  })
  afterAll(() => world.close())

  test.each(models.map((model, index) => ({ ...model, index })))(
    '$code: $title',
    async (model) => {
      const { syncStatus, syncErrorCode, syncError, syncRetryAt, gcsUri, sha256 } = await running[model.index]!
      expect({ syncStatus, syncErrorCode, syncError, syncRetryAt: syncRetryAt?.toDate(), gcsUri, sha256 }).toEqual({
        syncStatus: 'notsynced',
        syncErrorCode: model.code,
        syncError: expect.stringMatching(/^["A-Z0-9][^\n]{10,400}\.$/i),
        syncRetryAt: model.retryAt,
        gcsUri: undefined,
        sha256: undefined,
      })
      if (model.says) expect(syncError).toMatch(model.says)
      expect(syncError).not.toMatch(/token=|signature|local-civitai-token|hf_local|undefined|\[object|https?:\/\/127/i)
    },
    60_000,
  )

  test('after all of them: nothing was ever published, and no part is left', async () => {
    await Promise.all(running)
    await until(async () => (await world.objects()).length === 0)
    const folders = models.flatMap(({ isFolder }, index) => (isFolder ? `models/refused_${index}/` : []))
    const published = world.finalized.filter(
      (name) => !name.startsWith('work/') && !folders.some((folder) => name.startsWith(folder)),
    )
    expect(published).toEqual([])
    expect(world.finalized.filter((name) => name.endsWith('manifest.json'))).toEqual([])
    const jobs = [...(await world.jobs('sync')), ...(await world.jobs('copy'))]
    expect(jobs.filter(({ finishedAt }) => finishedAt === null)).toEqual([])
  })
}
