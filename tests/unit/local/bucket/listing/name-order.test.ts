import { compareNames, SortedNames } from '#local/bucket/listing/name-order.ts'

const NAMES = ['', 'a', 'a/', 'a/b', 'ab', 'b', 'é', '\ud7ff', '\ue000', '\uffee', '\u{10000}', '😀', '😀a']

test('the order is that of the UTF-8 bytes for every pair', () => {
  for (const a of NAMES) {
    for (const b of NAMES) {
      expect(Math.sign(compareNames(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }
  }
})

test('names stay sorted whatever comes and goes', () => {
  const names = new SortedNames(['c', 'a'])
  for (const name of ['b', 'd', 'b', '0']) names.add(name)
  names.delete('c')
  names.delete('missing')

  expect(Array.from({ length: names.length }, (_, index) => names.at(index))).toEqual(['0', 'a', 'b', 'd'])
})

test('the end of a prefix is found by search', () => {
  const names = new SortedNames(['a', 'a/1', 'a/2', 'a/\u{10ffff}', 'a0', 'b'])

  expect(names.at(names.indexAfterPrefix('a/'))).toBe('a0')
  expect(names.at(names.indexAfterPrefix('b'))).toBeUndefined()
  expect(names.at(names.indexFrom('a/2'))).toBe('a/2')
})
