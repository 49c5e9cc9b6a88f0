import { table } from '../../../cli/output.ts'
import { captureOutput } from '../../support/capture-output.ts'

const clearLine = '\r\u001B[2K'

test('a result goes to standard output: text for people, one object a line for programs', () => {
  const text = captureOutput()
  text.output.result({ type: 'end', state: 'done' }, 'It is done.')
  expect(text.said).toEqual({ stdout: 'It is done.\n', stderr: '' })
  const json = captureOutput({ json: true })
  json.output.result({ type: 'end', state: 'done' }, 'It is done.')
  json.output.note('Not for programs.')
  json.output.progress('1 of 2')
  expect(json.said).toEqual({ stdout: '{"type":"end","state":"done"}\n', stderr: '' })
})

test('progress is one line written over on a terminal, removed before anything else is said', () => {
  const { output, said } = captureOutput({ isTTY: true })
  output.progress('1 of 2')
  output.progress('2 of 2')
  output.result({ type: 'end' }, 'Done.')
  expect(said.stderr).toBe(`${clearLine}1 of 2${clearLine}2 of 2${clearLine}`)
  expect(said.stdout).toBe('Done.\n')
})

test('a list too stands in rows of its own after progress', () => {
  const { output, said } = captureOutput({ isTTY: true })
  output.progress('2 found so far')
  output.text('MODEL  NAME')
  expect(said).toEqual({ stdout: 'MODEL  NAME\n', stderr: `${clearLine}2 found so far${clearLine}` })
})

test('what strangers have named and said does not speak to the terminal, wherever it stands', () => {
  const { output, said } = captureOutput({ isTTY: true })
  const named = 'a\u001B]0;title\u0007\rb\u009B2Jc\u202Ed'
  output.result({ type: 'end' }, `${output.style('red', 'failed')}\t${named}`)
  output.text(named)
  output.note(named)
  output.failure({ code: 'x', message: named, hint: named })
  output.progress(named)
  const shown = 'a ]0;title  b 2Jc d'
  expect(said.stdout).toBe(`\u001B[31mfailed\u001B[39m\t${shown}\n${shown}\n`)
  expect(said.stderr).toBe(`${shown}\n${shown}\n\n${shown}\n${clearLine}${shown}`)
  const json = captureOutput({ json: true })
  json.output.result({ type: 'end', named }, '')
  expect(JSON.parse(json.said.stdout)).toEqual({ type: 'end', named })
})

test('a terminal without a cursor can be asked, and gets no line that is written over', () => {
  const { output, said } = captureOutput({ isTTY: true, env: { TERM: 'dumb' } })
  output.progress('1 of 2')
  expect([output.isInteractive, output.canRedraw, said.stderr]).toEqual([true, false, ''])
})

test('progress never wraps, not even with the ^C that a terminal shows behind it: a second line could not be written over', () => {
  const { output, said } = captureOutput({ isTTY: true, columns: 30 })
  output.progress('x'.repeat(100))
  expect(said.stderr.replace(clearLine, '')).toBe(`${'x'.repeat(26)}…`)
  const narrow = captureOutput({ isTTY: true, columns: 12 })
  narrow.output.progress('x'.repeat(100))
  expect(narrow.said.stderr.replace(clearLine, '')).toBe(`${'x'.repeat(8)}…`)
})

test('a terminal that does not know its width is taken for one of 80 columns', () => {
  const { output, said } = captureOutput({ isTTY: true, columns: 0 })
  output.progress('x'.repeat(60))
  expect(said.stderr).toBe(`${clearLine}${'x'.repeat(60)}`)
})

test('progress says nothing in a pipe', () => {
  const { output, said } = captureOutput()
  output.progress('1 of 2')
  output.endProgress()
  expect(said).toEqual({ stdout: '', stderr: '' })
})

test.each([
  ['on a terminal', { isTTY: true }, true],
  ['in a pipe', {}, false],
  ['with NO_COLOR', { isTTY: true, env: { NO_COLOR: '1' } }, false],
  ['with an empty NO_COLOR', { isTTY: true, env: { NO_COLOR: '' } }, true],
  ['on a terminal that knows none', { isTTY: true, env: { TERM: 'dumb' } }, false],
  ['in JSON', { isTTY: true, json: true }, false],
])('colour %s', (_where, init, isColoured) => {
  const styled = captureOutput(init).output.style('red', 'failed')
  expect(styled).toBe(isColoured ? '\u001B[31mfailed\u001B[39m' : 'failed')
})

test('a table has columns of one width, numbers to the right, and no blanks at the end', () => {
  expect(
    table([
      ['upscale', 12, 'ms'],
      ['remove-background', 1_234, ''],
    ]),
  ).toBe('  upscale              12  ms\n  remove-background  1234')
})
