import { trainingOptionsSchema } from '../../../../services/api/endpoints/training-schemas.ts'
import { trainingInputHash } from '../../../../services/api/training-input.ts'

const input = {
  photos: ['crc32c:a:1', 'crc32c:b:2'],
  type: 'woman' as const,
  options: trainingOptionsSchema.parse({}),
  trainer: 'owner/trainer:1',
}
const hash = trainingInputHash(input)

test('the order of photos and of options makes no difference', () => {
  expect(trainingInputHash({ ...input, photos: input.photos.toReversed() })).toBe(hash)
  const reversed = Object.fromEntries(Object.entries(input.options).toReversed()) as typeof input.options
  expect(trainingInputHash({ ...input, options: reversed })).toBe(hash)
})

test.each([
  ['a photo', { photos: ['crc32c:a:1', 'crc32c:b:3'] }],
  ['a photo more', { photos: [...input.photos, 'crc32c:c:1'] }],
  ['the type', { type: 'man' as const }],
  ['an option', { options: { ...input.options, steps: 999 } }],
  ['the trainer', { trainer: 'owner/trainer:2' }],
])('%s makes a difference', (_title, change) => {
  expect(trainingInputHash({ ...input, ...change })).not.toBe(hash)
})
