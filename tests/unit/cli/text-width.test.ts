import { fitText, plainLine, textWidth } from '../../../cli/text-width.ts'

test.each<[text: string, columns: number]>([
  ['', 0],
  ['plain', 5],
  ['naïve', 5],
  ['nai\u0308ve', 5],
  ['模型', 4],
  ['ﾓﾃﾞﾙ', 4],
  ['モデル', 6],
  ['한글', 4],
  ['Ａ', 2],
  ['🦊', 2],
  ['█▌░', 3],
  ['a\u200bb', 2],
  ['\u001B[31mred\u001B[39m', 3],
])('%j takes %d columns', (text, columns) => {
  expect(textWidth(text)).toBe(columns)
})

test('what fits stays as it is, colours too; what does not ends in an ellipsis within the width', () => {
  expect(fitText('\u001B[31mred\u001B[39m', 3)).toBe('\u001B[31mred\u001B[39m')
  expect(fitText('\u001B[31mreddish\u001B[39m', 4)).toBe('red…')
  expect(fitText('模型模型', 7)).toBe('模型模…')
  expect(fitText('模型模型', 6)).toBe('模型…')
  expect(fitText('🦊🦊', 3)).toBe('🦊…')
})

test('a name cannot break the line, move the cursor or turn the direction', () => {
  expect(plainLine('a\u001B[2Kb\r\nc\u202Ed\u2028e')).toBe('a [2Kb c d e')
})
