import { createHash } from 'node:crypto'
import type { DocumentData } from '@google-cloud/firestore'
import type { HostedFile } from '#local/file-host/server.ts'
import type { StartDocuments } from '../../../support/documents.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'
import { bodyCases } from './transfer-faults/bodies.ts'
import type { Seen, TransferCase } from './transfer-faults/case.ts'
import { contentCases } from './transfer-faults/contents.ts'
import { laneCases } from './transfer-faults/lanes.ts'
import { rangeCases } from './transfer-faults/ranges.ts'
import { statusCases } from './transfer-faults/statuses.ts'

const allCases = [...laneCases, ...rangeCases, ...bodyCases, ...contentCases, ...statusCases]

interface Result extends Seen {
  model: DocumentData
  /** From the wish to its end. */
  tookMs: number
}

/** Every fault of a storage, each met by a sync of its own: the exact bytes, once, or a failure that people can read. */
export function transferFaults(documents: StartDocuments, only: (one: TransferCase) => boolean = () => true): void {
  const cases = allCases.filter(only)
  let world: SyncWorld
  const running: Promise<Result>[] = []
  const table: string[] = []
  beforeAll(async () => {
    world = await startSyncWorld({
      documents,
      fileHosts: cases.length,
      env: {
        SYNC_CONCURRENCY: '16',
        SYNC_STALL_MS: '300',
        MAX_FAILURES: '1',
        // With this many at once on two cores, a short lease and a short wait would only be more load.
        LEASE_MS: '30000',
        SYNC_COPY_WAIT_MS: '30000',
      },
    })
    // What takes longest begins first: tries of a fault that lasts are seconds apart.
    const inOrder = cases.toSorted((a, b) => Number(b.isLasting ?? false) - Number(a.isLasting ?? false))
    for (const one of inOrder) running[cases.indexOf(one)] = run(one, cases.indexOf(one))
    // Each is awaited by its own test.
    for (const one of running) one.catch(() => {})
  })
  afterAll(async () => {
    console.log(`faults of the storage:\n  ${table.join('\n  ')}`)
    await world.close()
  })

  async function run(one: TransferCase, index: number): Promise<Result> {
    const startedAtMs = performance.now()
    const { fields, file, locations } = addModel(one, index)
    const host = world.fileHosts.all[index]!
    host.shape(one.shape ?? {})
    for (const { fault, afterBytes = 0 } of one.faults) {
      host.afterBytes(afterBytes, () => host.inject({ fault, times: one.isLasting ? 1_000 : 1 }))
    }
    const model = await world.sync(`case-${index}`, { name: `case-${index}`, ...fields })
    return { model, host, file, locations: locations(), tookMs: performance.now() - startedAtMs }
  }

  /** The model at its source, and what the app's document says of it. */
  function addModel(one: TransferCase, index: number): { fields: DocumentData; file: HostedFile; locations(): number } {
    const { source = 'civitai', sizeBytes = 700_000, told = {} } = one
    const { civitai, huggingface, fileHosts } = world
    const content = { kind: 'safetensors', sizeBytes, seed: index + 1 } as const
    const host = fileHosts.all[index]!
    switch (source) {
      case 'civitai': {
        const model = fileHosts.at(host, () => civitai.addModel({ versions: [{ files: [{ content, told }] }] }))
        const [version] = model.versions
        const path = `/api/download/models/${version!.id}`
        return {
          fields: { civitaiModelId: String(model.id), versionId: String(version!.id) },
          file: version!.files[0]!.hosted!,
          locations: () => civitai.requests.filter((request) => request.path === path).length,
        }
      }
      case 'huggingface': {
        const id = `local/case-${index}`
        const wrong = {
          oid: 'b'.repeat(40),
          size: sizeBytes,
          lfs: { oid: 'b'.repeat(64), size: sizeBytes, pointerSize: 130 },
        }
        const listed = one.isListedWrong ? { listed: wrong } : {}
        fileHosts.at(host, () =>
          huggingface.addRepo({ id, files: [{ path: 'model.safetensors', content, ...listed }] }),
        )
        return {
          fields: { engine: 'huggingface', hf_id: id },
          file: fileHosts.filesAt(host)[0]!,
          locations: () =>
            huggingface.requests.filter(({ repo, endpoint }) => repo === id && endpoint === 'resolve').length,
        }
      }
      case 'url': {
        const file = host.add({ content, fileName: 'model.safetensors' })
        return { fields: { sourceUrl: host.locationOf(file) }, file, locations: () => 0 }
      }
    }
  }

  test.each(cases.map((one, index) => ({ ...one, index })))(
    '$name',
    async (one) => {
      const result = await running[one.index]!
      const { model, host, file } = result
      table.push(`${one.name}: ${model.syncErrorCode ?? model.syncStatus} (${Math.round(result.tookMs)} ms)`)
      const met = host.requests.flatMap(({ fault }) => fault ?? [])
      expect(met).toEqual(expect.arrayContaining(one.faults.map(({ fault }) => fault.kind)))
      if (!one.isLasting) host.assertAllFired()
      const published = world.finalized.filter((name) => name.startsWith(`models/case-${one.index}/`))
      if (one.outcome === 'synced') {
        expect(model).toMatchObject({ syncStatus: 'synced', sha256: file.sha256, sizeBytes: file.sizeBytes })
        expect(published.map((name) => `gs://${modelsBucket}/${name}`)).toEqual([model.gcsUri])
        const [bytes] = await world.storage.bucket(modelsBucket).file(published[0]!).download()
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256)
      } else {
        expect(model).toMatchObject({
          syncStatus: 'notsynced',
          syncErrorCode: one.outcome,
          syncError: expect.stringMatching(/^[^\n]+\.$/),
        })
        expect(published).toEqual([])
      }
      one.proof?.(result)
    },
    60_000,
  )

  test('after all of it: no part is left, and nothing lies in the bucket but what is synced', async () => {
    const results = await Promise.all(running)
    await until(async () => (await world.objects('work/')).length === 0)
    const uris = (await world.objects()).map((name) => `gs://${modelsBucket}/${name}`)
    expect(uris.toSorted()).toEqual(results.flatMap(({ model }) => model.gcsUri ?? []).toSorted())
    const jobs = [...(await world.jobs('sync')), ...(await world.jobs('copy'))]
    expect(jobs.filter(({ finishedAt }) => finishedAt === null)).toEqual([])
    for (const host of world.fileHosts.all) expect(host.requests.filter(({ authorized }) => authorized)).toEqual([])
  })
}
