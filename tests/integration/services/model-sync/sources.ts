import type { DocumentData } from '@google-cloud/firestore'
import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import { leftovers, nothingLeft, objectName, publishedSha256 } from '../../../support/sync-cases.ts'
import { type SyncWorld, type SyncWorldOptions, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'
import { addressCases } from './sources/addresses.ts'
import { civitaiCases } from './sources/civitai.ts'
import { huggingfaceCases } from './sources/huggingface.ts'
import { nameCases } from './sources/names.ts'
import type { SourceCase, Wanted } from './sources/source-case.ts'

const allCases = [...civitaiCases, ...huggingfaceCases, ...addressCases, ...nameCases]

/** Everything that people may name, and where it comes to lie; all of it synced at once. */
export function sources(
  options: Pick<SyncWorldOptions, 'documents' | 'taskQueue'>,
  only: (one: SourceCase) => boolean = () => true,
): void {
  const cases = allCases.filter(only)
  let world: SyncWorld
  const running: Promise<{ wanted: Wanted; model: DocumentData }>[] = []
  beforeAll(async () => {
    world = await startSyncWorld({
      ...options,
      env: {
        HF_TOKEN: LOCAL_HUGGINGFACE_TOKEN,
        ALLOW_PICKLE: 'true',
        SYNC_CONCURRENCY: '16',
        LEASE_MS: '30000',
        SYNC_COPY_WAIT_MS: '30000',
      },
    })
    for (const [index, one] of cases.entries()) {
      const key = `source-${index}`
      const wanted = one.add(world, key)
      running.push(world.sync(key, { name: key, ...wanted.fields }).then((model) => ({ wanted, model })))
    }
    // Each is awaited by its own test.
    for (const one of running) one.catch(() => {})
  })
  afterAll(() => world.close())

  test.each(cases.map(({ title }, index) => ({ title, index })))(
    '$title',
    async ({ index }) => {
      const { wanted, model } = await running[index]!
      const { gcsUri, syncErrorCode } = model
      expect({ code: syncErrorCode, status: model.syncStatus }).toEqual({ code: undefined, status: 'synced' })
      if (wanted.uri) expect(gcsUri).toMatch(wanted.uri)
      for (const [field, value] of Object.entries(wanted.shown ?? {})) expect(model[field]).toEqual(value)
      for (const [path, sha256] of Object.entries(wanted.objects)) {
        expect({ path, sha256: await publishedSha256(world, `${gcsUri}${path}`) }).toEqual({ path, sha256 })
      }
      const published = world.finalized.filter((name) => name.startsWith(objectName(gcsUri)))
      if (!gcsUri.endsWith('/')) {
        expect(published).toEqual([objectName(gcsUri)])
        expect(model.sha256).toBe(wanted.objects[''])
        return
      }
      // The manifest comes last: with it the folder is complete.
      const paths = Object.keys(wanted.objects).toSorted()
      const names = published.map((name) => name.slice(objectName(gcsUri).length))
      expect(names.slice(0, -1).toSorted()).toEqual(paths)
      const [manifest] = await world.storage.bucket('models-bucket').file(published.at(-1)!).download()
      const { files } = JSON.parse(manifest.toString()) as {
        files: { path: string; sizeBytes: number; sha256: string }[]
      }
      expect(Object.fromEntries(files.map((file) => [file.path, file.sha256]))).toEqual(wanted.objects)
      expect(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(model.sizeBytes)
    },
    60_000,
  )

  test('after all of it nothing is left, and no token went to a storage', async () => {
    const models = (await Promise.all(running)).map(({ model }) => objectName(model.gcsUri))
    await until(async () => (await leftovers(world)).parts.length === 0)
    expect(await leftovers(world)).toEqual(nothingLeft)
    const stray = (await world.objects()).filter((name) => !models.some((model) => name.startsWith(model)))
    expect(stray).toEqual([])
    expect(world.fileHost.requests.filter(({ authorized }) => authorized)).toEqual([])
  })
}
