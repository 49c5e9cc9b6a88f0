import { Timestamp } from '@google-cloud/firestore'
import { toCharacter } from '#shared/documents/characters.ts'
import { isWithoutShowcase } from '../../../../../services/image-worker/operations/without-showcase.ts'

const times = { createdAt: Timestamp.fromMillis(0), updatedAt: Timestamp.fromMillis(0) }
const picture = 'https://storage.example/p.png'
const character = (visuals: unknown, meta: unknown = { userId: 'ann' }) => toCharacter('zoe', { visuals, meta }, times)

test.each<[what: string, visuals: object, meta: object | undefined, expected: boolean]>([
  ['an old document without our fields', { imageUrl: picture }, undefined, true],
  [
    'one that says idle',
    { imageUrl: picture, isShowcaseProcessed: false, showcaseProcessingStatus: 'idle' },
    undefined,
    true,
  ],
  [
    'one of a damaged kind',
    { imageUrl: picture, isShowcaseProcessed: 'no', showcaseProcessingStatus: 7 },
    undefined,
    true,
  ],
  [
    'one with a showcase',
    { imageUrl: picture, isShowcaseProcessed: true, showcaseProcessingStatus: 'complete' },
    undefined,
    false,
  ],
  ['one at work', { imageUrl: picture, showcaseProcessingStatus: 'finalizing' }, undefined, false],
  ['one that failed', { imageUrl: picture, showcaseProcessingStatus: 'failed' }, undefined, false],
  ['one without a main image', { imageUrl: null }, undefined, false],
  ['one without an owner', { imageUrl: picture }, {}, false],
  ['one with an empty owner', { imageUrl: picture }, { userId: '' }, false],
])('%s', (_what, visuals, meta, expected) => {
  expect(isWithoutShowcase(character(visuals, meta), { failedToo: false })).toBe(expected)
})

test('those that failed are among them when asked for', () => {
  const failed = character({ imageUrl: picture, showcaseProcessingStatus: 'failed' })
  expect(isWithoutShowcase(failed, { failedToo: true })).toBe(true)
})
