import { FileDisplay } from '../../../cli/files/file-display.ts'
import { textWidth } from '../../../cli/text-width.ts'
import { captureOutput } from '../../support/capture-output.ts'

const GiB = 1024 ** 3

/** A display whose clock is moved by hand. */
function display(init: Parameters<typeof captureOutput>[0], phase: 'hashing' | 'uploading' = 'hashing') {
  const { output, said } = captureOutput(init)
  let nowMs = 0
  const shown = new FileDisplay(output, { name: 'a\u001B[2Kb.safetensors', phase }, () => nowMs)
  shown.show(phase === 'uploading' ? 2 * GiB : 0, 4 * GiB)
  said.stderr = ''
  const showAt = (ms: number, doneBytes: number, sizeBytes = 4 * GiB) => {
    nowMs = ms
    shown.show(doneBytes, sizeBytes)
  }
  return { showAt, said }
}

test('a terminal gets a bar that fits, ten times a second at most', () => {
  const { showAt, said } = display({ isTTY: true })
  showAt(50, GiB / 2)
  expect(said.stderr).toBe('')
  showAt(1000, GiB)
  showAt(1050, 2 * GiB)
  showAt(1099, 3 * GiB)
  const drawn = said.stderr.split('\r\u001B[2K').slice(1)
  expect(drawn).toHaveLength(1)
  expect(drawn[0]).toMatch(/^a \[2Kb\.safetensors {2}hashing {2}.*█.*░ {3}25 % {2}1\.00 GiB\/s {2}0:03 left$/)
  expect(textWidth(drawn[0] ?? '')).toBeLessThanOrEqual(77)
})

test.each([1, 80, 1024 ** 4])('a bar is there whatever the sizes are (%d bytes)', (sizeBytes) => {
  const { showAt, said } = display({ isTTY: true, columns: 80 })
  showAt(1000, sizeBytes / 2, sizeBytes)
  expect(said.stderr).toContain('░')
})

test('a pipe gets a line now and then, and nothing of what is done at once', () => {
  const { showAt, said } = display({})
  showAt(900, GiB)
  showAt(1000, GiB)
  showAt(2000, 2 * GiB)
  showAt(6000, 3 * GiB)
  expect(said.stdout.trimEnd().split('\n')).toEqual([
    'a [2Kb.safetensors  hashing  25 %  1.00 of 4.00 GiB  1.00 GiB/s  0:03 left',
    'a [2Kb.safetensors  hashing  75 %  3.00 of 4.00 GiB  512 MiB/s  0:02 left',
  ])
})

test('what an earlier call has sent does not count as speed', () => {
  const { showAt, said } = display({ json: true }, 'uploading')
  showAt(1000, 3 * GiB)
  expect(JSON.parse(said.stdout)).toMatchObject({
    type: 'progress',
    phase: 'uploading',
    percent: 75,
    doneBytes: 3 * GiB,
    bytesPerSecond: GiB,
    etaSeconds: 1,
  })
})
