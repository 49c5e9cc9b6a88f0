import { randomBytes } from 'node:crypto'
import { crc32c } from '@node-rs/crc32'
import { combineCrc32c } from '#shared/objects/crc32c-combine.ts'

test.each([
  [0, 0],
  [0, 5],
  [5, 0],
  [1, 1],
  [7, 4096],
  [100_003, 65_537],
  [3, 1_000_001],
])('the CRC of %i bytes and that of %i make the CRC of both', (firstBytes, secondBytes) => {
  const first = randomBytes(firstBytes)
  const second = randomBytes(secondBytes)

  const combined = combineCrc32c(crc32c(first), crc32c(second), secondBytes)

  expect(combined).toBe(crc32c(Buffer.concat([first, second])))
})

test('lengths beyond 32 bits are taken whole', () => {
  // Appending zeroes is a group action: 5 GiB at once must equal 2 GiB and then 3 GiB.
  const gib = 2 ** 30
  const start = crc32c(Buffer.from('start'))

  expect(combineCrc32c(start, 0, 5 * gib)).toBe(combineCrc32c(combineCrc32c(start, 0, 2 * gib), 0, 3 * gib))
  expect(combineCrc32c(start, 0, 5 * gib)).not.toBe(combineCrc32c(start, 0, gib))
})
