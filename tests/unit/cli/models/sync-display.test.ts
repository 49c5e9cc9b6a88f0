import type { ModelRecord } from '../../../../cli/models/records.ts'
import { SyncDisplay } from '../../../../cli/models/sync-display.ts'
import { captureOutput } from '../../../support/capture-output.ts'

const MiB = 1024 ** 2

function display(init: Parameters<typeof captureOutput>[0]) {
  const { output, said } = captureOutput(init)
  const clock = { ms: 5_000 }
  const shown = new SyncDisplay(output, () => clock.ms)
  /** What the API says of a model, `doneMiB` of it being there. */
  const show = (id: string, doneMiB: number | null, totalMiB: number | null = 100) => {
    const total = totalMiB === null ? null : totalMiB * MiB
    const progress = doneMiB === null ? null : { bytes_done: doneMiB * MiB, bytes_total: total }
    const model = { id, model_id: id, sync_status: 'syncing', sync_progress: progress }
    shown.show(id, model as ModelRecord) // Of the rest nothing is looked at.
  }
  return { shown, show, said, clock }
}

test('a terminal shows the time until the first byte, then a bar with a speed that comes of the bytes', () => {
  const { show, said, clock } = display({ isTTY: true, columns: 100 })
  clock.ms += 7_000
  show('rain', null)
  show('rain', 20)
  clock.ms += 4_000
  show('rain', 60)
  const rows = said.stderr.split('\r\u001B[2K').slice(1)
  expect(rows[0]).toBe('rain  syncing 0:07')
  expect(rows[1]).toMatch(/^rain {2}copying .* 20 % {2}20\.0 of 100 MiB$/)
  expect(rows[2]).toMatch(/^rain {2}copying .* 60 % {2}60\.0 of 100 MiB {2}10\.0 MiB\/s {2}0:04 left$/)
})

test('several are one bar, and what has ended is none of it', () => {
  const { shown, show, said } = display({ isTTY: true })
  show('rain', 50)
  show('snow', 10)
  shown.remove('rain')
  const rows = said.stderr.split('\r\u001B[2K').slice(1)
  expect(rows[1]).toMatch(/^2 of 2 {2}copying .* 30 % {2}60\.0 of 200 MiB$/)
  expect(rows[2]).toMatch(/^snow {2}copying .* 10 % /)
})

test('programs get each change once, a pipe a line now and then, and neither what it waits for', () => {
  const json = display({ json: true })
  const plain = display({})
  for (const { show, clock } of [json, plain]) {
    show('rain', null)
    show('rain', 0, null)
    clock.ms += 1_000
    show('rain', 10)
    clock.ms += 1_000
    show('rain', 10)
    clock.ms += 4_000
    show('rain', 60)
  }
  const records = json.said.stdout.trimEnd().split('\n')
  const facts = { type: 'progress', model: 'rain', phase: 'copying', lanes: 0 }
  expect(records.map((line) => JSON.parse(line) as unknown)).toEqual([
    { ...facts, percent: null, doneBytes: 0, sizeBytes: null, bytesPerSecond: 0, etaSeconds: null },
    { ...facts, percent: 10, doneBytes: 10 * MiB, sizeBytes: 100 * MiB, bytesPerSecond: 10 * MiB, etaSeconds: 9 },
    { ...facts, percent: 60, doneBytes: 60 * MiB, sizeBytes: 100 * MiB, bytesPerSecond: 10 * MiB, etaSeconds: 4 },
  ])
  expect(plain.said.stdout.trimEnd().split('\n')).toEqual([
    'rain  copying  0 bytes',
    'rain  copying  60 %  60.0 of 100 MiB  10.0 MiB/s  0:04 left',
  ])
})
