import type { TrainingRecord } from '../../../cli/api/records.ts'
import { TrainingDisplay } from '../../../cli/training/training-display.ts'
import { captureOutput } from '../../support/capture-output.ts'

function training(status: string, progress: number | null = null): TrainingRecord {
  return {
    id: 't1',
    name: 'Ana',
    type: 'woman',
    status,
    stage: 'training',
    progress,
    createdAt: '2026-05-01T12:00:00Z',
  }
}

test('a pipe gets a line for each status and each tenth, not for each answer', () => {
  const { output, said } = captureOutput()
  const display = new TrainingDisplay(output)

  for (const doneBytes of [10, 40, 55, 120, 1024]) display.showUpload(doneBytes, 1024)
  display.showTraining(training('queued'))
  display.showTraining(training('queued'))
  for (const progress of [null, 0.01, 0.05, 0.11, 0.12, 0.99]) display.showTraining(training('training', progress))
  display.showTraining(training('succeeded'))

  expect(said.stdout.split('\n')).toEqual([
    'photos  uploading  0.01 of 1.00 KiB',
    'photos  uploading  0.12 of 1.00 KiB',
    'photos  uploading  1.00 of 1.00 KiB',
    't1  queued',
    't1  training',
    't1  training  1 %',
    't1  training  11 %',
    't1  training  99 %',
    't1  succeeded',
    '',
  ])
})

test('programs get every change, and no answer twice', () => {
  const { output, said } = captureOutput({ json: true })
  const display = new TrainingDisplay(output)

  for (const progress of [0.1, 0.1, 0.15]) display.showTraining(training('training', progress))

  const lines = said.stdout.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { type: 'progress', trainingId: 't1', stage: 'training', status: 'training', percent: 10 },
    { type: 'progress', trainingId: 't1', stage: 'training', status: 'training', percent: 15 },
  ])
})

test('a terminal gets one line that is written over, with a bar as wide as there is room', () => {
  const { output, said } = captureOutput({ isTTY: true, columns: 60 })
  const display = new TrainingDisplay(output)

  display.showTraining(training('training', 0.5))

  expect(said.stdout).toBe('')
  const [line = ''] = said.stderr.split('\r').slice(-1)
  expect(line).toMatch(/t1 {2}training {2}\S*█+░*\S* {2}50 %$/)
  expect(line.length).toBeGreaterThan(50)
})

test('what is not the trainer’s work has no share', () => {
  const { output, said } = captureOutput({ json: true })

  new TrainingDisplay(output).showTraining(training('completing', 1))

  expect(JSON.parse(said.stdout)).toMatchObject({ status: 'completing', percent: null })
})
