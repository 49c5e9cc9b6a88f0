import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import { createPageCache } from '#shared/registry/search/page-cache.ts'
import { createRegistrySearch, type RegistrySearchOptions, type SearchPage } from '#shared/registry/search/search.ts'
import { EVERYTHING, type RegistryQuery } from '#shared/registry/search/search-query.ts'
import { MAX_SOURCE_CURSOR } from '#shared/registry/search/search-token.ts'
import { fakeSource, many, sample } from '../samples.ts'

let nowMs = Date.parse('2026-08-01T12:00:00Z')
const now = () => nowMs
const open = (sources: RegistrySearchOptions['sources'], more: Partial<RegistrySearchOptions> = {}) =>
  createRegistrySearch({ sources, cache: createPageCache({ now }), now, ...more })
const ids = ({ models }: SearchPage) => models.map(({ sourceId }) => sourceId)
const passing = (retryAt: Date | null = null) => new TransientError({ code: 'hub.down', message: 'Down.', retryAt })

/** All pages of a search. */
async function readAll(search: ReturnType<typeof open>, query: RegistryQuery, limit: number): Promise<SearchPage[]> {
  const pages: SearchPage[] = []
  for (let cursor: string | null = null; pages.length < 100; ) {
    const page: SearchPage = await search.search({ query, limit, cursor })
    pages.push(page)
    cursor = page.nextCursor
    if (cursor === null) break
  }
  return pages
}

test('interleaves the ranks, and shows what a page had no room for on the next, without asking again', async () => {
  const [a, b] = [fakeSource('civitai', many('civitai', 4)), fakeSource('huggingface', many('huggingface', 3))]
  const pages = await readAll(open([a, b]), EVERYTHING, 3)
  expect(pages.map(ids)).toEqual([
    ['civitai1', 'huggingface1', 'civitai2'],
    ['civitai3', 'huggingface2', 'civitai4'],
    ['huggingface3'],
  ])
  expect([a.calls, b.calls]).toEqual([[null, '3'], [null]])
})

test('what was left over is still there when the cache has forgotten the page and the ranking has moved', async () => {
  const source = fakeSource('civitai', many('civitai', 4), { pageSize: 4 })
  const search = open([source])
  const first = await search.search({ query: EVERYTHING, limit: 2 })
  nowMs += 3_600_000
  // The third has climbed to the top, the first has fallen behind it.
  source.models = [source.models[2]!, source.models[1]!, source.models[0]!, source.models[3]!]
  const second = await search.search({ query: EVERYTHING, limit: 2, cursor: first.nextCursor })
  expect([ids(first), ids(second)]).toEqual([
    ['civitai1', 'civitai2'],
    ['civitai3', 'civitai4'],
  ])
  expect(source.calls).toEqual([null, null])
})

test('shows a model once: by its id in any case, and by its bytes where both know them', async () => {
  const sha256 = 'a'.repeat(64)
  const own = fakeSource('local', [
    sample({ source: 'huggingface', sourceId: 'Ada/Model', gcsUri: 'gs://models/ada' }),
    sample({ source: 'local', sourceId: 'mine', sha256 }),
  ])
  const hub = fakeSource('huggingface', [sample({ source: 'huggingface', sourceId: 'ada/model' })])
  const civitai = fakeSource('civitai', [sample({ sourceId: '1' }), sample({ sourceId: '2', sha256 })])
  expect((await readAll(open([own, hub, civitai]), EVERYTHING, 2)).flatMap(ids)).toEqual(['Ada/Model', '1', 'mine'])
})

test('tells of our copy where the hub shows first what we have registered', async () => {
  const hub = fakeSource('huggingface', [sample({ source: 'huggingface', sourceId: 'ada/a' })])
  const own = fakeSource('local', [sample({ source: 'huggingface', sourceId: 'ada/a', gcsUri: 'gs://models/a' })])
  const page = await open([hub, own]).search({ query: EVERYTHING, limit: 10 })
  expect(page.models).toMatchObject([{ sourceId: 'ada/a', gcsUri: 'gs://models/a' }])
})

test('of another version than the hub shows we have no copy', async () => {
  const versions = { sourceId: '1', source: 'civitai' } as const
  const hub = fakeSource('civitai', [sample({ ...versions, id: 'civitai:1@3', sourceVersionId: '3' })])
  const registered = { modelId: 'm', syncStatus: 'synced', syncError: null, isSystem: true }
  const copy = { gcsUri: 'gs://models/2', registered }
  const own = fakeSource('local', [sample({ ...versions, ...copy, id: 'civitai:1@2', sourceVersionId: '2' })])
  const page = await open([hub, own]).search({ query: EVERYTHING, limit: 10 })
  expect(page.models).toMatchObject([{ id: 'civitai:1@3', gcsUri: null, registered: null }])
})

test('what is a caller’s own comes first, is asked every time, and is nobody else’s', async () => {
  const hub = fakeSource('civitai', many('civitai', 2))
  const search = open([hub])
  const pageOf = async (name: string) => {
    const own = fakeSource('local', [sample({ source: 'local', sourceId: name })])
    const page = await search.search({ query: EVERYTHING, limit: 10, own: [own] })
    return { ids: ids(page), asked: own.calls.length }
  }
  expect(await pageOf('ann’s')).toEqual({ ids: ['ann’s', 'civitai1', 'civitai2'], asked: 1 })
  expect(await pageOf('ben’s')).toEqual({ ids: ['ben’s', 'civitai1', 'civitai2'], asked: 1 })
  expect(await pageOf('ann’s')).toEqual({ ids: ['ann’s', 'civitai1', 'civitai2'], asked: 1 })
  expect(hub.calls).toEqual([null])
})

test('a caller’s own that fails is asked again by the next page, from where it stood', async () => {
  const own = fakeSource('local', many('local', 3), {
    pageSize: 2,
    beforeAnswer: (call) => {
      if (call === 2) throw passing()
    },
  })
  const search = open([])
  const first = await search.search({ query: EVERYTHING, limit: 2, own: [own] })
  const failed = await search.search({ query: EVERYTHING, limit: 2, own: [own], cursor: first.nextCursor })
  const rest = await search.search({ query: EVERYTHING, limit: 2, own: [own], cursor: failed.nextCursor })
  expect([ids(first), ids(failed), ids(rest)]).toEqual([['local1', 'local2'], [], ['local3']])
  expect([failed.notes.map(({ code }) => code), rest.nextCursor]).toEqual([['hub.down'], null])
  expect(own.calls).toEqual([null, '2', '2'])
})

test('goes on past pages of which nothing can be shown, but not for ever', async () => {
  const hidden = many('civitai', 7, { isNsfw: true })
  const source = fakeSource('civitai', [...hidden, sample({ sourceId: 'shown' })], { pageSize: 2 })
  const pages = await readAll(open([source]), EVERYTHING, 2)
  expect(pages.map(ids)).toEqual([[], ['shown']])
  expect(source.calls).toEqual([null, '2', '4', '6'])
})

test('a source that fails gives a note, and its turn comes again at the same cursor', async () => {
  const flaky = fakeSource('civitai', many('civitai', 6), {
    pageSize: 2,
    beforeAnswer: (call) => {
      if (call === 2) throw passing()
    },
  })
  const pages = await readAll(open([flaky, fakeSource('huggingface', many('huggingface', 2))]), EVERYTHING, 4)
  expect(flaky.calls).toEqual([null, '2', '2', '4'])
  const note = { source: 'civitai', code: 'hub.down', message: 'Down.', isAskedAgain: true, retryAt: null }
  expect(pages.map(({ notes }) => notes)).toEqual([[], [note], []])
  expect(pages.flatMap(ids).toSorted()).toEqual(
    [...many('civitai', 6), ...many('huggingface', 2)].map((one) => one.sourceId),
  )
})

test('a source that said when to come back is not asked before', async () => {
  const retryAt = new Date(nowMs + 5_000)
  const source = fakeSource('civitai', many('civitai', 1), {
    beforeAnswer: (call) => {
      if (call === 1) throw passing(retryAt)
    },
  })
  const search = open([source])
  const first = await search.search({ query: EVERYTHING, limit: 1 })
  const second = await search.search({ query: EVERYTHING, limit: 1, cursor: first.nextCursor })
  expect([first.notes, second.notes]).toMatchObject([[{ retryAt }], [{ retryAt }]])
  expect(source.calls).toEqual([null])
  nowMs += 5_000
  expect(ids(await search.search({ query: EVERYTHING, limit: 1, cursor: second.nextCursor }))).toEqual(['civitai1'])
})

test('a source whose failure will not pass is noted and left alone', async () => {
  const source = fakeSource('civitai', many('civitai', 9), {
    beforeAnswer: () => {
      throw new FinalError({ code: 'hub.bad-token', message: 'No.' })
    },
  })
  const page = await open([source]).search({ query: EVERYTHING, limit: 5 })
  expect(page).toMatchObject({ models: [], nextCursor: null, notes: [{ code: 'hub.bad-token', isAskedAgain: false }] })
})

test('a source that does not answer in time costs no more than the deadline, and does not hold up the others', async () => {
  const hanging = fakeSource('civitai', many('civitai', 3), {
    // Deaf to the signal, too.
    beforeAnswer: (call) => (call === 1 ? new Promise<void>(() => {}) : undefined),
  })
  const search = open([hanging, fakeSource('huggingface', many('huggingface', 1))], { deadlineMs: 30 })
  const first = await search.search({ query: EVERYTHING, limit: 4 })
  expect([ids(first), first.notes]).toMatchObject([['huggingface1'], [{ source: 'civitai', code: 'search.too-slow' }]])
  const second = await search.search({ query: EVERYTHING, limit: 4, cursor: first.nextCursor })
  expect(ids(second)).toEqual(['civitai1', 'civitai2', 'civitai3'])
  expect(hanging.calls).toEqual([null, null])
})

test('a failure that nobody foresaw is not hidden in a note', async () => {
  const broken = fakeSource('civitai', [], {
    beforeAnswer: () => {
      throw new TypeError('a bug')
    },
  })
  await expect(open([broken]).search({ query: EVERYTHING, limit: 5 })).rejects.toThrow('a bug')
})

test('ends with the reason of the caller who gives up, and hands the sources a signal', async () => {
  const caller = new AbortController()
  let told: AbortSignal | null = null
  const source = fakeSource('civitai', [], {
    beforeAnswer: async (_, signal) => {
      told = signal
      await new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  })
  const work = open([source]).search({ query: EVERYTHING, limit: 5, signal: caller.signal })
  caller.abort(new Error('gone'))
  await expect(work).rejects.toThrow('gone')
  expect(told!.aborted).toBe(true)
})

const dated = (source: 'civitai' | 'huggingface', ...days: number[]) =>
  days.map((day) => sample({ source, sourceId: `${source}${day}`, createdAt: new Date(Date.UTC(2026, 0, day)) }))

test('by date the newest of all come first, across pages', async () => {
  const a = fakeSource('civitai', dated('civitai', 30, 29, 28, 3), { pageSize: 2 })
  const b = fakeSource('huggingface', dated('huggingface', 31, 15, 2))
  const pages = await readAll(open([a, b]), { ...EVERYTHING, sort: 'newest' }, 2)
  expect(pages.flatMap(ids)).toEqual([
    'huggingface31',
    'civitai30',
    'civitai29',
    'civitai28',
    'huggingface15',
    'civitai3',
    'huggingface2',
  ])
})

test('where one source ignores the date, ranks decide', async () => {
  const a = fakeSource('civitai', dated('civitai', 1, 9), { followsSort: false })
  const b = fakeSource('huggingface', dated('huggingface', 31, 30))
  const [page] = await readAll(open([a, b]), { ...EVERYTHING, sort: 'newest' }, 4)
  expect(ids(page!)).toEqual(['civitai1', 'huggingface31', 'civitai9', 'huggingface30'])
})

test('asks only the sources that were named and have something to say', async () => {
  const [a, b] = [fakeSource('civitai', many('civitai', 1)), fakeSource('huggingface', many('huggingface', 1))]
  const deaf = fakeSource('local', many('local', 1), { canAnswer: false })
  const search = open([deaf, a, b])
  expect(ids(await search.search({ query: { ...EVERYTHING, sources: ['civitai'] }, limit: 9 }))).toEqual(['civitai1'])
  expect(ids(await search.search({ query: EVERYTHING, limit: 9 }))).toEqual(['civitai1', 'huggingface1'])
  expect(deaf.calls).toEqual([])
  const nothing = await search.search({ query: { ...EVERYTHING, sources: ['local'] }, limit: 9 })
  expect(nothing).toEqual({ models: [], nextCursor: null, notes: [] })
})

test('sorts out what a source has not', async () => {
  const models = [
    sample({ sourceId: 'vae', type: 'vae', baseModel: 'sdxl' }),
    sample({ sourceId: 'flux', baseModel: 'flux' }),
    sample({ sourceId: 'unsaid' }),
    sample({ sourceId: 'right', baseModel: 'sdxl' }),
  ]
  const query: RegistryQuery = { ...EVERYTHING, types: ['lora'], bases: ['sdxl'] }
  expect(ids(await open([fakeSource('civitai', models)]).search({ query, limit: 9 }))).toEqual(['right'])
})

test('a cursor that would not fit into the next is the end of its source, and said so', async () => {
  const source = fakeSource('civitai', many('civitai', 2), { pageSize: 1 })
  const page = source.page
  source.page = async (request) => ({ ...(await page(request)), nextCursor: 'x'.repeat(MAX_SOURCE_CURSOR + 1) })
  const pages = await readAll(open([source]), EVERYTHING, 1)
  expect(pages.map(ids)).toEqual([['civitai1']])
  expect(pages[0]!.notes).toMatchObject([{ code: 'search.long-cursor', isAskedAgain: false }])
})
