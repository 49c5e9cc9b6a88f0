import { PassThrough } from 'node:stream'
import { askLine } from '../../../cli/ask-line.ts'
import { Interrupted } from '../../../cli/interrupt.ts'

/** Both ends of a terminal, as far as readline looks at them. */
function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} })
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
  return { input, output, said: () => String(output.read() ?? '') }
}

function ask(signal = new AbortController().signal) {
  const ends = terminal()
  const answer = askLine({ ...ends, question: 'Go on? ', otherwise: 'Nothing was done.', signal })
  return { ...ends, answer }
}

test('what is typed is shown and answered', async () => {
  const { input, answer, said } = ask()
  input.write('yes\r')
  expect(await answer).toBe('yes')
  expect(said()).toMatch(/Go on\? .*yes/)
})

test.each([
  ['Ctrl-C', '\u0003', 'Interrupted. Nothing was done.'],
  ['Ctrl-D', '\u0004', 'Nothing was typed. Nothing was done.'],
])('%s is no answer, but an interruption that says what did not happen', async (_what, key, message) => {
  const { input, answer } = ask()
  input.write(key)
  const error = await answer.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(Interrupted)
  expect(error).toMatchObject({ message })
})

test('a command that is stopped meanwhile asks no longer', async () => {
  const controller = new AbortController()
  const { answer } = ask(controller.signal)
  controller.abort(new Error('stopped'))
  await expect(answer).rejects.toThrow('stopped')
})
