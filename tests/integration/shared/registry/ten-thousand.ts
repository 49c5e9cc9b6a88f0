import type { Firestore } from '@google-cloud/firestore'
import { registeredByKey, registeredPage } from '#shared/documents/registered-model-queries.ts'
import { localSource } from '#shared/registry/search/local-source.ts'
import { EVERYTHING, type RegistryQuery } from '#shared/registry/search/search-query.ts'
import { connectFirestore, type StartDocuments } from '../../../support/documents.ts'
import { putModels, variedModels } from '../../../support/registered-models.ts'

const COUNT = 10_000
const UID = 'ann'

/** How long a registry of ten thousand models takes to answer, told; and that it answers what it should. */
export function tenThousand(
  where: string,
  documents: StartDocuments,
  options: {
    /** Google's emulator looks at every document once for each word and key: there it is one word, asked once. */
    isEmulator: boolean
    runs: number
    mostMs: number
  },
): void {
  let server: Awaited<ReturnType<StartDocuments>>
  let db: Firestore
  const models = variedModels(COUNT, UID)
  const seen = models.filter(({ userId }) => userId === null || userId === UID)

  beforeAll(async () => {
    server = await documents()
    db = connectFirestore(server.host)
    await putModels(db, models)
  })
  afterAll(async () => {
    await db.terminate()
    await server.close()
  })

  const signal = new AbortController().signal
  const viewer = { uid: UID }
  const listed = async (facets: { types?: string[]; bases?: string[] }): Promise<string[]> => {
    const filter = { types: [], bases: [], sources: [], word: null, viewer, ...facets }
    const page = await registeredPage(db, { filter, order: 'registered', limit: 20, cursor: null })
    return page?.models.map(({ document }) => document.id) ?? []
  }
  const found = async (query: Partial<RegistryQuery>): Promise<string[]> => {
    const page = await localSource(db, viewer).page({
      query: { ...EVERYTHING, nsfw: true, ...query },
      cursor: null,
      limit: 20,
      signal,
    })
    return page.models.map(({ registered }) => registered?.modelId ?? '')
  }
  const keys = Array.from({ length: 20 }, (_, index) => `civitai:${index * 7}@${index * 7}`)

  const { runs, isEmulator, mostMs } = options
  type Question = [what: string, times: number, ask: () => Promise<string[]>, count: number]
  const everywhere: Question[] = [
    ['the list', runs, () => listed({}), 20],
    ['the list of a type and a base', runs, () => listed({ types: ['lora'], bases: ['sdxl'] }), 20],
    ['a search for everything', runs, () => found({}), 20],
    ['a search for one of ten thousand', isEmulator ? 1 : runs, () => found({ text: 'nr4999' }), 1],
  ]
  const here: Question[] = [
    [
      'a search for two words of a type and three bases',
      runs,
      () => found({ text: 'castle ink', types: ['lora'], bases: ['sdxl', 'sd15', 'pony'] }),
      20,
    ],
    [
      'which of a page of hub models are registered',
      runs,
      async () => [...(await registeredByKey(db, { keys, uid: UID })).keys()],
      models
        .filter(({ model }) => keys.includes(`${model.source}:${model.sourceId}@${model.sourceId}`))
        .filter((one) => seen.includes(one)).length,
    ],
  ]
  test.each(isEmulator ? everywhere : [...everywhere, ...here])(
    '%s',
    async (what, times, ask, count) => {
      const took: number[] = []
      const before = process.cpuUsage()
      for (let run = 0; run < times; run++) {
        const started = performance.now()
        expect(await ask()).toHaveLength(count)
        took.push(performance.now() - started)
      }
      const used = process.cpuUsage(before)
      // Of client and server in one process; what the clock says of a machine with other work says little.
      const cpu = isEmulator ? '' : `, ${((used.user + used.system) / 1000 / times).toFixed(0)} ms of processor each`
      const sorted = took.toSorted((a, b) => a - b)
      const at = (share: number) => (sorted[Math.floor((times - 1) * share)] ?? 0).toFixed(1)
      console.info(`${COUNT} models in ${where}: ${what}: p50 ${at(0.5)} ms, slowest ${at(1)} ms, of ${times}${cpu}`)
      expect(Number(at(0.5))).toBeLessThan(mostMs)
    },
    180_000,
  )
}
