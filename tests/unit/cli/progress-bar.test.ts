import { progressBar, progressText } from '../../../cli/progress-bar.ts'
import type { SyncProgress } from '../../../services/model-sync/app.ts'

const MiB = 1024 ** 2
const halfWay: SyncProgress = {
  phase: 'copying',
  doneBytes: 512 * MiB,
  sizeBytes: 1024 * MiB,
  bytesPerSecond: 83.1 * MiB,
  etaSeconds: 6,
  lanes: 4,
}
const plain = (text: string) => text
const at = (width: number, progress = halfWay, label = 'one') => progressBar(progress, { label, width, paint: plain })

test('a wide terminal gets everything, and a bar that is as far as the copy', () => {
  expect(at(120)).toBe(
    `one  copying  ${'█'.repeat(20)}${'░'.repeat(20)}   50 %  0.50 of 1.00 GiB  83.1 MiB/s  0:06 left  4 lanes`,
  )
})

test.each([
  [76, ['0.50 of 1.00 GiB', '83.1 MiB/s', '0:06 left'], ['lanes']],
  [60, ['83.1 MiB/s', '0:06 left'], ['lanes', 'GiB']],
  [40, ['50 %'], ['lanes', 'GiB', 'MiB/s']],
])('at %d characters it keeps what tells most, and the bar', (width, kept, dropped) => {
  const line = at(width)
  expect(line.length).toBeLessThanOrEqual(width)
  expect(line).toContain('█')
  for (const part of kept) expect(line).toContain(part)
  for (const part of dropped) expect(line).not.toContain(part)
})

test('a long name leaves room for the rest', () => {
  const line = at(80, halfWay, 'x'.repeat(100))
  expect(line.length).toBeLessThanOrEqual(80)
  expect(line).toContain('… ')
  expect(line).toContain('50 %')
})

test('the bar moves by eighths, and is never full before the end', () => {
  const nearly = { ...halfWay, doneBytes: 1024 * MiB - 1 }
  expect(at(120, nearly)).toContain(`${'█'.repeat(39)}▉`)
  expect(at(120, nearly)).toContain(' 99 %')
  expect(at(120, { ...halfWay, doneBytes: 1024 * MiB })).toContain(`${'█'.repeat(40)}  100 %`)
})

test('only the part that is done is painted', () => {
  const line = progressBar(halfWay, { label: 'one', width: 120, paint: (text) => `<${text}>` })
  expect(line).toContain(`<${'█'.repeat(20)}>${'░'.repeat(20)}`)
})

test('without a size there is no bar, no share and no end in sight', () => {
  expect(at(120, { ...halfWay, sizeBytes: null, etaSeconds: null })).toBe('one  copying  512 MiB  83.1 MiB/s  4 lanes')
})

test('what is verified or published has no speed', () => {
  expect(progressText({ ...halfWay, phase: 'verifying', doneBytes: 1024 * MiB, lanes: 1 })).toBe(
    'verifying  100 %  1.00 of 1.00 GiB',
  )
})

test('an empty file is all there', () => {
  expect(progressText({ ...halfWay, doneBytes: 0, sizeBytes: 0, bytesPerSecond: 0 })).toBe(
    'copying  100 %  0 of 0 bytes',
  )
})
