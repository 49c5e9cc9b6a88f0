import { fillTemplate } from '../../../../../../services/image-worker/providers/replicate/input-template.ts'
import { KNOWN_MODELS } from '../../../../../../services/image-worker/providers/replicate/known-models.ts'
import { modelSettings } from '../../../../../../services/image-worker/providers/replicate/model-settings.ts'
import { scaleFor } from '../../../../../../services/image-worker/providers/replicate/replicate-limits.ts'

const hex = 'a'.repeat(64)
const nothing = { step: 'UPSCALE', input: null, output: null, maxPixels: 9 } as const

test.each([`xinntao/realesrgan:${hex}`, 'xinntao/realesrgan'])('%s is known by its owner and name', (model) => {
  expect(modelSettings({ ...nothing, model })).toMatchObject({
    version: model,
    input: { img: '$image', scale: '$scale' },
    output: 'single',
    maxPixels: 9,
  })
})

test('what the environment says wins over what is known', () => {
  const input = { picture: '$image' }
  expect(modelSettings({ ...nothing, model: 'philz1337x/clarity-upscaler', input, output: 'last' })).toMatchObject({
    input,
    output: 'last',
  })
})

test.each([hex, `somebody/something:${hex}`, 'constructor'])('%s has to be described', (model) => {
  expect(() => modelSettings({ ...nothing, model })).toThrow(
    expect.objectContaining({ code: 'config.invalid', message: expect.stringContaining('REPLICATE_UPSCALE_INPUT') }),
  )
  expect(modelSettings({ ...nothing, model, input: { a: '$image' } })).toMatchObject({ output: 'single' })
})

test.each([[{}], [{ image: 'image' }], [{ a: '$image', b: '$image' }]])(
  'the input %j has no one place for the picture',
  (input) => {
    expect(() => modelSettings({ ...nothing, step: 'BACKGROUND', model: hex, input })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('REPLICATE_BACKGROUND_INPUT must have one field') }),
    )
  },
)

test.each(Object.entries(KNOWN_MODELS))('%s takes a picture in one field', (model) => {
  expect(() => modelSettings({ ...nothing, model })).not.toThrow()
})

test('placeholders are replaced, what has no value is left out, and the rest stays as it is', () => {
  const template = {
    image: '$image',
    scale: '$scale',
    w: '$target_width',
    h: '$target_height',
    text: 'a $image',
    n: null,
  }
  expect(fillTemplate(template, { image: 'data:,', scale: 2, targetWidth: 8, targetHeight: 9 })).toEqual({
    image: 'data:,',
    scale: 2,
    w: 8,
    h: 9,
    text: 'a $image',
    n: null,
  })
  expect(fillTemplate(template, { image: 'data:,' })).toEqual({ image: 'data:,', text: 'a $image', n: null })
})

test.each([
  [100, 100, 2],
  [100, 199, 2],
  [100, 201, 3],
  [100, 400, 4],
  [100, 4000, 4],
  [4000, 100, 2],
])('from %d to %d pixels a side takes the factor %d', (from, to, scale) => {
  expect(scaleFor({ width: from, height: from }, { width: to, height: to })).toBe(scale)
})
