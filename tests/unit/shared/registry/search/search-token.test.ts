import { compatibleBases, compatibleLoras } from '#shared/registry/search/compatible-loras.ts'
import { createPageCache } from '#shared/registry/search/page-cache.ts'
import { EVERYTHING } from '#shared/registry/search/search-query.ts'
import {
  fitsToken,
  MAX_SOURCE_CURSOR,
  readToken,
  type SearchPosition,
  shownKeys,
  writeToken,
} from '#shared/registry/search/search-token.ts'
import { many, sample } from '../samples.ts'

const keys = (count: number) =>
  many('civitai', count).flatMap((model) => shownKeys({ ...model, sha256: model.sourceId }))
const position: SearchPosition = {
  sources: { civitai: { at: '22138|364671|25494' }, huggingface: { at: null }, local: 'done' },
  shown: keys(3),
}

test('a token is read as it was written, and may stand in a URL as it is', () => {
  const token = writeToken(position, EVERYTHING)
  expect(readToken(token, EVERYTHING)).toEqual(position)
  expect(encodeURIComponent(token)).toBe(token)
})

test('a token is bounded: what was shown first is forgotten first', () => {
  const shown = keys(5_000)
  const cursor = 'ü'.repeat((MAX_SOURCE_CURSOR - 2) / 2)
  expect([fitsToken(cursor), fitsToken(`${cursor}x`)]).toEqual([true, false])
  const sources = { civitai: { at: cursor }, huggingface: { at: cursor }, local: { at: cursor } }
  const longest = writeToken({ sources, shown }, EVERYTHING)
  expect(longest.length).toBeLessThan(12_000)
  expect(readToken(longest, EVERYTHING).sources).toEqual(sources)
  const typical = writeToken({ ...position, shown }, EVERYTHING)
  expect(typical.length).toBeLessThan(7_000)
  expect(readToken(typical, EVERYTHING).shown).toEqual(shown.slice(-1_000))
})

test('a token belongs to its query', () => {
  const token = writeToken(position, EVERYTHING)
  expect(() => readToken(token, { ...EVERYTHING, text: 'cat' })).toThrow(
    expect.objectContaining({ code: 'search.other-search', status: 400 }),
  )
})

const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
test.each<[what: string, token: string]>([
  ['nothing', ''],
  ['rubbish', 'hello'],
  ['another version', writeToken(position, EVERYTHING).replace('v1', 'v2')],
  ['no JSON', `v1.${Buffer.from('{').toString('base64url')}.`],
  ['a source that there is not', `v1.${b64({ q: 'x', s: { elsewhere: 'a' } })}.`],
  ['a cursor that is too long', `v1.${b64({ q: 'x', s: { civitai: 'a'.repeat(MAX_SOURCE_CURSOR + 1) } })}.`],
  ['a cut list', `${writeToken(position, EVERYTHING).slice(0, -2)}`],
  ['endless text', `v1.${'a'.repeat(100_000)}.`],
])('refuses %s', (_, token) => {
  expect(() => readToken(token, EVERYTHING)).toThrow(
    expect.objectContaining({ code: 'search.bad-cursor', status: 400 }),
  )
})

test('ten thousand models have ten thousand keys', () => {
  expect(new Set(keys(10_000)).size).toBe(20_000)
})

const page = (count: number) => ({ models: many('civitai', count), nextCursor: null, followsSort: true })

test('the cache forgets by age and by size, the oldest first', () => {
  let nowMs = 0
  const cache = createPageCache({ lifeMs: 100, maxModels: 25, now: () => nowMs })
  for (const key of ['a', 'b']) cache.set(key, page(9))
  expect([cache.get('a'), cache.get('b')]).toEqual([page(9), page(9)])
  cache.set('c', page(9))
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([null, page(9), page(9)])
  cache.set('b', page(1))
  cache.set('d', page(9))
  expect([cache.get('b'), cache.get('c'), cache.get('d')]).toEqual([page(1), page(9), page(9)])
  cache.set('huge', page(30))
  expect(cache.get('huge')).toBeNull()
  nowMs = 100
  expect(cache.get('d')).toBeNull()
})

test('the LoRAs of a base model are those of its family and of what it was made from', () => {
  expect(compatibleLoras(sample({ sourceId: '1', baseModel: 'pony' }))).toEqual({
    ...EVERYTHING,
    types: ['lora'],
    bases: ['pony', 'sdxl'],
  })
  expect(compatibleBases('flux')).toEqual(['flux'])
  expect(compatibleLoras({ baseModel: 'other' })).toBeNull()
  expect(compatibleLoras({ baseModel: null })).toBeNull()
})
