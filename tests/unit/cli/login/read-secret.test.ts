import { PassThrough, Writable } from 'node:stream'
import { readSecret } from '../../../../cli/login/read-secret.ts'

/** A terminal's input, as far as readline looks at it. */
function terminal() {
  const modes: boolean[] = []
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => void modes.push(isRaw),
  })
  return { input, modes }
}

function ask(input: PassThrough, signal = new AbortController().signal) {
  let said = ''
  const output = new Writable({
    write(chunk, _encoding, done) {
      said += String(chunk)
      done()
    },
  })
  return { answer: readSecret({ input, output, question: 'Password: ', signal }), said: () => said }
}

test('on a terminal what is typed is shown nowhere, and the terminal’s own echo is off meanwhile', async () => {
  const { input, modes } = terminal()
  const { answer, said } = ask(input)
  input.write('hunt3r 2')
  input.write('\u007F3\r')
  expect(await answer).toBe('hunt3r 3')
  expect(said()).toBe('Password: \n')
  expect(modes).toEqual([true, false])
})

test.each([
  ['Ctrl-C', '\u0003', 'Interrupted. Nobody was signed in.'],
  ['Ctrl-D', '\u0004', 'Nothing was typed. Nobody was signed in.'],
])('%s ends the question and gives the terminal back', async (_what, key, message) => {
  const { input, modes } = terminal()
  const { answer } = ask(input)
  input.write(key)
  await expect(answer).rejects.toThrow(message)
  expect(modes.at(-1)).toBe(false)
})

test('whoever stops the command stops the question', async () => {
  const { input } = terminal()
  const controller = new AbortController()
  const { answer } = ask(input, controller.signal)
  controller.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
})

test.each([
  ['pass word\n', 'pass word'],
  ['pass\r\n', 'pass'],
  ['no end', 'no end'],
  [' two\nlines\n', ' two\nlines'],
  ['', ''],
])('of a pipe %j all counts but the last end of line', async (text, secret) => {
  const input = new PassThrough()
  const { answer, said } = ask(input)
  input.end(text)
  expect(await answer).toBe(secret)
  expect(said()).toBe('')
})

test('Ctrl-C is heard while a pipe says nothing', async () => {
  const controller = new AbortController()
  const { answer } = ask(new PassThrough(), controller.signal)
  controller.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
})
