import { compareNumeric, sameValue, valuesEqual } from '#local/documents/values/order.ts'
import { compareIds, comparePaths, compareText } from '#local/documents/values/text-order.ts'
import { double, integer } from '#local/documents/values/value.ts'

test('text is compared by its UTF-8 bytes', () => {
  const texts = ['', 'a', 'ab', 'b', 'é', '\u07ff', '\ud7ff', '\ue000', '\uffee', '\u{10000}', '𝒳', '𝒴']
  for (const left of texts) {
    for (const right of texts) {
      const expected = Math.sign(Buffer.compare(Buffer.from(left), Buffer.from(right)))
      expect([left, right, Math.sign(compareText(left, right))]).toEqual([left, right, expected])
    }
  }
})

test('numeric ids come first, by number', () => {
  const ids = ['z', '__id10__', '__id9__', '__id-3__', '10', '9']
  expect(ids.sort(compareIds)).toEqual(['__id-3__', '__id9__', '__id10__', '10', '9', 'z'])
})

test('a parent comes before what is under it, and before its longer neighbour', () => {
  const paths = ['a/b!', 'a/b/c/d', 'a/b', 'a']
  expect(paths.sort(comparePaths)).toEqual(['a', 'a/b', 'a/b/c/d', 'a/b!'])
})

test('integers and doubles are compared exactly beyond 53 bits', () => {
  const big = 2n ** 53n
  expect(compareNumeric(big + 1n, 2 ** 53)).toBe(1)
  expect(compareNumeric(big, 2 ** 53)).toBe(0)
  expect(compareNumeric(2n ** 63n - 1n, 2 ** 63)).toBe(-1)
  expect(compareNumeric(Number.NaN, Number.NEGATIVE_INFINITY)).toBe(-1)
})

test('1 equals 1.0 in a filter, but storing one over the other is a change', () => {
  expect(valuesEqual(integer(1n), double(1))).toBe(true)
  expect(sameValue(integer(1n), double(1))).toBe(false)
  expect(sameValue(double(-0), double(0))).toBe(false)
  expect(sameValue(double(Number.NaN), double(Number.NaN))).toBe(true)
})
