import { ProgressDisplay } from '../../../cli/progress-display.ts'
import type { SyncProgress } from '../../../services/model-sync/app.ts'
import { captureOutput } from '../../support/capture-output.ts'

const MiB = 1024 ** 2
const copying = (doneMiB: number): SyncProgress => ({
  phase: 'copying',
  doneBytes: doneMiB * MiB,
  sizeBytes: 100 * MiB,
  bytesPerSecond: 10 * MiB,
  etaSeconds: 9,
  lanes: 2,
})
const subject = (label: string) => ({ label, record: { modelId: label } })

function display(init: Parameters<typeof captureOutput>[0]) {
  const { output, said } = captureOutput(init)
  const clock = { ms: 1_000_000 }
  const shown = new ProgressDisplay(output, { plainLineEveryMs: 5_000, now: () => clock.ms })
  const show = (label: string, stage: string, progress: SyncProgress | null = null) =>
    shown.show(subject(label), { stage, progress })
  return { shown, show, said, clock }
}

test('a pipe gets a line for each phase, and in between one every few seconds', () => {
  const { show, said, clock } = display({})
  show('one', 'finding the file')
  show('one', 'finding the file')
  for (let second = 1; second <= 10; second++) {
    clock.ms += 1_000
    show('one', '', copying(second * 10))
  }
  show('one', '', { ...copying(100), phase: 'verifying' })
  expect(said.stderr).toBe('')
  expect(said.stdout.split('\n').map((line) => line.slice(0, 19))).toEqual([
    'one  finding the fi',
    'one  copying  10 % ',
    'one  copying  60 % ',
    'one  verifying  100',
    '',
  ])
})

test('programs get every change as an object, and no change twice', () => {
  const { show, said } = display({ json: true })
  show('one', 'finding the file')
  show('one', '', copying(25))
  show('one', '', copying(25))
  const records = said.stdout.trimEnd().split('\n')
  expect(records.map((line) => JSON.parse(line) as unknown)).toEqual([
    { type: 'stage', modelId: 'one', stage: 'finding the file' },
    { type: 'progress', modelId: 'one', percent: 25, ...copying(25) },
  ])
})

test('a terminal has one line: of one a bar, of several their sum', () => {
  const { show, shown, said } = display({ isTTY: true, columns: 100 })
  show('one', '', copying(20))
  show('two', 'waiting for the copy')
  show('two', '', copying(60))
  shown.remove('one')
  const lines = said.stderr.split('\r\u001B[2K').slice(1)
  expect(lines.map((line) => line.replaceAll('\u001B[32m', '').split(/ {2}/)[0])).toEqual([
    'one',
    '1 of 2',
    '2 of 2',
    'two',
  ])
  expect(lines[2]).toContain('40 %  80.0 of 200 MiB  20.0 MiB/s  0:09 left')
  expect(said.stdout).toBe('')
})

test('what was known stays while a new claim of the job says nothing', () => {
  const { show, said, clock } = display({})
  show('one', '', copying(20))
  clock.ms += 10_000
  show('one', 'waiting for the copy')
  expect(said.stdout.trimEnd().split('\n')).toHaveLength(1)
})
