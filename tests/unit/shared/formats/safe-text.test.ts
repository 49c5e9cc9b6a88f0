import { cutToFit } from '#shared/formats/cut-to-fit.ts'
import { safeText } from '#shared/formats/safe-text.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

test.each([
  ['plain', 'plain'],
  [' a \r\n b\tc\0d ', 'a b c d'],
  ['\u202Eevil\u2066\uFEFF', 'evil'],
  ['zero\u200Bwidth', 'zerowidth'],
  ['e\u0301', 'é'],
  ['👩‍👩‍👧 ok', '👩‍👩‍👧 ok'],
  ['a\uD800b', 'ab'],
  ['\u{10FFFF}x', 'x'],
])('%j becomes %j', (text, expected) => {
  expect(safeText(text, 100)).toBe(expected)
})

test('whatever comes in is cut between characters and fits', () => {
  const random = seededRandom(7)
  for (let run = 0; run < 1000; run += 1) {
    const text = Array.from({ length: Math.floor(random() * 60) }, () =>
      random() < 0.3 ? '👩‍👧' : String.fromCharCode(Math.floor(random() * 0x10000)),
    ).join('')
    const maxBytes = Math.floor(random() * 100)
    const safe = safeText(text, maxBytes)
    expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(maxBytes)
    expect(safe).toBe(safe.trim().normalize('NFC'))
    expect(safe.isWellFormed()).toBe(true)
    expect(safe).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E]/u)
    expect(text.startsWith(cutToFit(text, maxBytes))).toBe(true)
  }
})
