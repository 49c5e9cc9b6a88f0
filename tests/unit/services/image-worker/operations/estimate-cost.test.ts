import { environment } from '#shared/config/environment.ts'
import { estimateCost, knownPrices, withPrice } from '../../../../../services/image-worker/operations/estimate-cost.ts'

const providers = { background: ['clipdrop', 'local'], upscale: ['local'] }

test('counts one call of the first provider of each step, a picture', () => {
  expect(
    estimateCost({
      pictures: 12,
      providers,
      prices: { clipdrop: { background: 1.5, upscale: 9 }, local: { background: 0, upscale: 0 } },
    }),
  ).toEqual([
    { step: 'background', provider: 'clipdrop', credits: 18 },
    { step: 'upscale', provider: 'local', credits: 0 },
  ])
})

test('what has no known price is unknown, not free', () => {
  const [background, upscale] = estimateCost({
    pictures: 3,
    providers: { background: ['replicate'], upscale: ['new-one'] },
    prices: knownPrices,
  })
  expect(background).toEqual({ step: 'background', provider: 'replicate', credits: null })
  expect(upscale).toEqual({ step: 'upscale', provider: 'new-one', credits: null })
})

test('every provider that can be configured has a row in the price table', () => {
  const named = environment.BACKGROUND_PROVIDERS.schema.expects.match(/\(([^)]+)\)/)?.[1]?.split(', ') ?? []
  expect(named).toEqual(expect.arrayContaining(['clipdrop', 'local']))
  expect(Object.keys(knownPrices)).toEqual(expect.arrayContaining(named))
})

test.each([
  ['clipdrop=2', { background: 2, upscale: 2 }],
  ['clipdrop.upscale=4', { background: 1, upscale: 4 }],
  ['clipdrop.background=0.25', { background: 0.25, upscale: 1 }],
])('--price %s', (text, expected) => {
  expect(withPrice(knownPrices, text)).toEqual({ ...knownPrices, clipdrop: expected })
})

test('a provider of one’s own gets a price for the step that was named, and only for that', () => {
  expect(withPrice({}, 'mine.upscale=3')).toEqual({ mine: { background: null, upscale: 3 } })
})

test.each([
  '',
  'clipdrop',
  'clipdrop=',
  'clipdrop=-1',
  'clipdrop=1e3',
  'clipdrop.trim=1',
  '=1',
  'clipdrop=1=2',
  'Clip Drop=1',
])('--price %j is refused', (text) => {
  expect(withPrice(knownPrices, text)).toBeNull()
})
