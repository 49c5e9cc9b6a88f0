import { bytesOfText, bytesText, clockText, durationText, speedText } from '../../../cli/units.ts'

const KiB = 1024
const GiB = 1024 ** 3

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1023 bytes'],
  [KiB, '1.00 KiB'],
  [1023.6 * KiB, '1.00 MiB'],
  [9.996 * KiB, '10.0 KiB'],
  [99.96 * KiB, '100 KiB'],
  [6.46 * GiB, '6.46 GiB'],
  [2 ** 50, '1024 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text)
})

test('how much of a whole is said in the unit of the whole', () => {
  expect(bytesOfText(KiB * KiB * 100, 6.46 * GiB)).toBe('0.10 of 6.46 GiB')
  expect(bytesOfText(0, 500)).toBe('0 of 500 bytes')
})

test('a speed is bytes a second', () => {
  expect(speedText(83.1 * KiB * KiB)).toBe('83.1 MiB/s')
})

test.each([
  [-1, '0:00'],
  [7.4, '0:07'],
  [59.6, '1:00'],
  [754, '12:34'],
  [11_109, '3:05:09'],
])('%d seconds are %s', (seconds, text) => {
  expect(clockText(seconds)).toBe(text)
})

test('a duration has tenths below a minute, and is a clock beyond', () => {
  expect(durationText(3_210)).toBe('3.2 s')
  expect(durationText(61_000)).toBe('1:01')
})
