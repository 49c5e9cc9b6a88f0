import { setTimeout as delay } from 'node:timers/promises'
import type { CivitaiFault } from '#local/civitai/faults.ts'
import type { ContentSpec } from '#local/file-host/content-spec.ts'
import type { SyncWorld } from '../../../support/sync-world.ts'

const hourMs = 3_600_000

/**
 * Refusals that end by themselves: each sync goes on at the time that its source has told, and not before. The last two
 * leave a service that asks neither the storage nor CivitAI for an hour.
 */
export function waitingSyncs(worldOf: () => SyncWorld): void {
  let world: SyncWorld
  beforeAll(() => {
    world = worldOf()
  })

  function addModel(seed: number) {
    const content: ContentSpec = { kind: 'safetensors', sizeBytes: 310_000, seed }
    const { id, versions } = world.civitai.addModel({ versions: [{ files: [{ content }] }] })
    const [version] = versions
    return {
      version: version!,
      file: version!.files[0]!.hosted!,
      fields: { civitaiModelId: String(id), versionId: String(version!.id) },
    }
  }

  async function reconcile(): Promise<{ retriedModels: number; wokenJobs: number }> {
    const answer = await fetch(new URL('/internal/reconcile', world.service.url), { method: 'POST' })
    return (await answer.json()) as { retriedModels: number; wokenJobs: number }
  }

  /** A job that rests after this failure (null: after none), at least until then. */
  async function waitingFor(kind: 'sync' | 'copy', code: string | null, untilMs = 0) {
    for (;;) {
      const waiting = (await world.jobs(kind)).find(
        ({ state, lastFailure, retryAt }) =>
          state === 'waiting' && (lastFailure?.code ?? null) === code && (retryAt?.toMillis() ?? 0) >= untilMs,
      )
      if (waiting) return waiting
      await delay(20)
    }
  }

  test('early access: the reconciler starts the sync on the day that it ends, and not before', async () => {
    const { version, file, fields } = addModel(1)
    const deadline = new Date(Date.now() + hourMs)
    version.earlyAccess = deadline
    const refused = await world.sync('early', { name: 'Early', ...fields })
    expect(refused).toMatchObject({ syncStatus: 'notsynced', syncErrorCode: 'civitai.early-access' })
    expect(refused.syncRetryAt.toDate()).toEqual(deadline)
    expect(await reconcile()).toMatchObject({ retriedModels: 0 })

    version.earlyAccess = null
    await world.db.doc('ai_models/early').update({ syncRetryAt: new Date(Date.now() - 1_000) })
    expect(await reconcile()).toMatchObject({ retriedModels: 1 })
    const synced = await world.settled('early')
    expect(synced).toMatchObject({ syncStatus: 'synced', sha256: file.sha256 })
    expect([synced.syncError, synced.syncErrorCode, synced.syncRetryAt]).toEqual([undefined, undefined, undefined])
    expect(await reconcile()).toMatchObject({ retriedModels: 0 })
  })

  test.each<{ name: string; fault: CivitaiFault; waitMs: number; code: string }>([
    {
      name: 'too many requests',
      fault: { kind: 'status', status: 429, html: true },
      waitMs: 45_000,
      code: 'civitai.rate-limited',
    },
    {
      name: 'too many downloads',
      fault: { kind: 'status', status: 429, body: { error: "We've noticed an unusual amount of downloading" } },
      waitMs: hourMs,
      code: 'civitai.download-limit',
    },
    {
      name: 'a storage that does not find the file',
      fault: { kind: 'status', status: 404, body: { error: 'File not found' } },
      waitMs: 60_000,
      code: 'civitai.file-not-found',
    },
  ])('$name: the copy waits as long as it must, then goes on', async ({ name, fault, waitMs, code }) => {
    const { file, fields } = addModel(name.length)
    world.civitai.inject({ fault, times: 1, endpoint: 'download' })
    const startedAtMs = Date.now()
    await world.deliver(await world.write(name, { name, syncStatus: 'syncing', ...fields }))
    const job = await waitingFor('copy', code)
    expect((job.retryAt!.toMillis() - startedAtMs) / waitMs).toBeGreaterThan(0.65)
    expect((job.retryAt!.toMillis() - startedAtMs) / waitMs).toBeLessThan(1.4)
    // The sync that waits for it rests as long, so that nothing is done in vain meanwhile.
    const { modelId } = (await waitingFor('sync', null, job.retryAt!.toMillis())).input as { modelId: string }
    expect(modelId).toBe(name)
    expect((await world.db.doc(`ai_models/${name}`).get()).get('syncStatus')).toBe('syncing')
    world.civitai.assertAllFired()
    // As its task does when the time has come.
    const answer = await fetch(new URL(`/internal/jobs/${job.id}`, world.service.url), { method: 'POST' })
    expect(answer.status).toBe(204)
    expect(await world.settled(name)).toMatchObject({ syncStatus: 'synced', sha256: file.sha256 })
  })

  test('a storage that wants no request for an hour: the copy rests, and asks for nothing', async () => {
    const { fields } = addModel(103)
    world.fileHost.inject({ fault: { kind: 'status', status: 429, retryAfter: 3_600 }, times: 1 })
    await world.deliver(await world.write('storage', { name: 'Storage', syncStatus: 'syncing', ...fields }))
    const { id, retryAt } = await waitingFor('copy', 'transfer.rate-limited')
    expect(Math.abs(retryAt!.toMillis() - Date.now() - hourMs)).toBeLessThan(10_000)
    const asked = world.fileHost.requests.length
    // Somebody wakes it before the time.
    await fetch(new URL(`/internal/jobs/${id}`, world.service.url), { method: 'POST' })
    await waitingFor('copy', 'http.held-back')
    expect(world.fileHost.requests).toHaveLength(asked)
    world.fileHost.assertAllFired()
  })

  test('a hub that wants no request for an hour: no sync asks it, and none sleeps in the meantime', async () => {
    const [first, second] = [addModel(101), addModel(102)]
    const fault: CivitaiFault = { kind: 'status', status: 429, headers: { 'retry-after': '3600' } }
    world.civitai.inject({ fault, times: 1, endpoint: 'version' })
    const endsAtMs = Date.now() + hourMs
    await world.deliver(await world.write('told', { name: 'Told', syncStatus: 'syncing', ...first.fields }))
    const told = await waitingFor('sync', 'civitai.rate-limited')
    const asked = world.civitai.requests.length
    await world.deliver(await world.write('held', { name: 'Held', syncStatus: 'syncing', ...second.fields }))
    const held = await waitingFor('sync', 'http.held-back')
    for (const { retryAt, lease } of [told, held]) {
      expect(Math.abs(retryAt!.toMillis() - endsAtMs)).toBeLessThan(10_000)
      expect(lease).toBeNull()
    }
    expect(world.civitai.requests).toHaveLength(asked)
    world.civitai.assertAllFired()
  })
}
