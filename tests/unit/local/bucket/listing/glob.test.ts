import { compileGlob } from '#local/bucket/listing/glob.ts'

test.each([
  ['a*c', 'abc', true],
  ['a*c', 'a/c', false],
  ['a**c', 'a/b/c', true],
  ['a?c', 'abc', true],
  ['a?c', 'a/c', false],
  ['**/c', 'c', true],
  ['**/c', 'a/b/c', true],
  ['**/c', 'abc', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[^a-c]x', 'dx', true],
  ['[]]x', ']x', true],
  ['{a,b{c,d}}x', 'bdx', true],
  ['{a,b{c,d}}x', 'bx', false],
  ['a,b', 'a,b', true],
  ['a.c', 'abc', false],
  ['a(b)+|$^', 'a(b)+|$^', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a}', 'a}', true],
  ['a-?', 'a-😀', true],
  ['[😀-😂]', '😁', true],
  ['*', 'line\nfeed', true],
])('%j says of %j: %s', (pattern, name, expected) => {
  expect(compileGlob(pattern)(name)).toBe(expected)
})

test.each(['[a', '{a,b', '[z-a]'])('%j is refused', (pattern) => {
  expect(() => compileGlob(pattern)).toThrow('Invalid glob')
})
