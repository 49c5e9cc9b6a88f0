import { formatFieldPath, getField, parseFieldPath, withField } from '#local/documents/values/field-path.ts'
import { integer, map } from '#local/documents/values/value.ts'

test.each([
  ['a', ['a']],
  ['a.b_1.c', ['a', 'b_1', 'c']],
  ['`a.b`', ['a.b']],
  ['a.`b-c`.d', ['a', 'b-c', 'd']],
  ['`back\\`tick`', ['back`tick']],
  ['`back\\\\slash`', ['back\\slash']],
  ['`zoë`.x', ['zoë', 'x']],
])('reads %s and writes it again', (text, path) => {
  expect(parseFieldPath(text)).toEqual(path)
  expect(formatFieldPath(path)).toBe(text)
})

test.each(['', 'a.', '.a', 'a..b', 'a-b', '`a', '``', '`a`b', '1a'])('refuses %j', (text) => {
  expect(() => parseFieldPath(text)).toThrow(/Invalid property path/)
})

test('sets and removes inside maps without touching the original', () => {
  const fields = new Map([['a', map(new Map([['b', integer(1n)]]))]])
  const changed = withField(withField(fields, ['a', 'c'], integer(2n)), ['a', 'b'], undefined)
  expect(getField(changed, ['a', 'c'])).toEqual(integer(2n))
  expect(getField(changed, ['a', 'b'])).toBeUndefined()
  expect(getField(fields, ['a', 'b'])).toEqual(integer(1n))
})

test('removing what is not there makes no maps on the way', () => {
  const fields = new Map([['a', integer(1n)]])
  expect(withField(fields, ['x', 'y'], undefined)).toEqual(fields)
})
