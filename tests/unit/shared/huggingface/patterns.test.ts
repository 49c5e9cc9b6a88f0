import { pathMatcher } from '#shared/huggingface/patterns.ts'
import { processorMs } from '../../../support/processor-time.ts'

const matchesPatterns = (path: string, allow: readonly string[], ignore: readonly string[]) =>
  pathMatcher(allow, ignore)(path)

// Expected values are Python's: fnmatch.fnmatchcase(path, pattern).
test.each<[path: string, pattern: string, expected: boolean]>([
  ['model.safetensors', '*.safetensors', true],
  ['unet/model.safetensors', '*.safetensors', true],
  ['unet/model.safetensors', 'unet/*', true],
  ['unet/a/b.json', 'unet/*', true],
  ['unet/model.safetensors', 'unet/', true],
  ['unet2/model.safetensors', 'unet/', false],
  ['unet', 'unet/', false],
  ['model.SAFETENSORS', '*.safetensors', false],
  ['model.safetensors', 'model', false],
  ['a.json', '?.json', true],
  ['ab.json', '?.json', false],
  ['a/b', 'a?b', true],
  ['a.bin', '[ab].bin', true],
  ['c.bin', '[ab].bin', false],
  ['c.bin', '[!ab].bin', true],
  ['a.bin', '[!ab].bin', false],
  ['b5.bin', '[a-c][0-9].bin', true],
  ['d5.bin', '[a-c][0-9].bin', false],
  ['].bin', '[]].bin', true],
  ['a.bin', '[!]].bin', true],
  ['].bin', '[!]].bin', false],
  ['-.bin', '[a-].bin', true],
  ['[ab.bin', '[ab.bin', true],
  ['a+b(c).bin', 'a+b(c).bin', true],
  ['a.b', 'a.b', true],
  ['axb', 'a.b', false],
  ['x.fp16.safetensors', '*.fp16.*', true],
  ['', '*', true],
  ['a\nb', '*', true],
  ['😀.bin', '?.bin', true],
  ['abc', '***c', true],
  ['abc', '*b', false],
  ['aXbXc', 'a*b*c', true],
])('%j matches %j: %p', (path, pattern, expected) => {
  expect(matchesPatterns(path, [pattern], [])).toBe(expected)
})

test('without allowed patterns everything is, and ignored patterns win', () => {
  expect(matchesPatterns('a.bin', [], [])).toBe(true)
  expect(matchesPatterns('a.bin', [], ['*.bin'])).toBe(false)
  expect(matchesPatterns('a.bin', ['*.bin'], ['a.*'])).toBe(false)
  expect(matchesPatterns('b.bin', ['x', '*.bin'], ['a.*'])).toBe(true)
})

test('a pattern made to be slow is not', () => {
  const startedAt = processorMs()
  expect(matchesPatterns('a'.repeat(1000), [`${'*a'.repeat(100)}b`], [])).toBe(false)
  expect(processorMs() - startedAt).toBeLessThan(1000)
})

test('a long pattern is read once, however many paths it is held against', () => {
  const isWanted = pathMatcher([`b${'['.repeat(4000)}`], [])
  const startedAt = processorMs()
  for (let index = 0; index < 5_000; index++) expect(isWanted('a.bin')).toBe(false)
  expect(processorMs() - startedAt).toBeLessThan(1000)
})
