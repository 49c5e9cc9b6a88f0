import sharp from 'sharp'
import { variantName } from '../../../../../services/image-worker/object-names.ts'
import { renderVariant } from '../../../../../services/image-worker/picture/render-variant.ts'
import { planVariants, variantUrls } from '../../../../../services/image-worker/picture/variants.ts'

const owner = { userId: 'u', characterId: 'c' }
const namesOf = (formats: ('webp' | 'avif')[], thumbnailWidths: number[]) =>
  planVariants({ formats, thumbnailWidths }).map((plan) => variantName('b', owner, plan).name.split('/').at(-1))

test('nothing is asked for, nothing is planned, and the document gets no field', () => {
  expect(planVariants({ formats: [], thumbnailWidths: [] })).toEqual([])
  expect(variantUrls([])).toBeNull()
})

test('formats are published at full size and for every thumbnail; named twice is named once', () => {
  expect(namesOf(['webp', 'avif', 'webp'], [512, 256, 512])).toEqual([
    'showcase_c.webp',
    'showcase_c.avif',
    'showcase_c_256.webp',
    'showcase_c_256.avif',
    'showcase_c_512.webp',
    'showcase_c_512.avif',
  ])
})

test('thumbnails without a format are PNG', () => {
  expect(namesOf([], [256])).toEqual(['showcase_c_256.png'])
})

test('URLs are told by format, and by width and format', () => {
  const plans = planVariants({ formats: ['webp'], thumbnailWidths: [16, 32] })
  const urls = variantUrls(plans.map((plan) => ({ plan, url: `https://x/${plan.width ?? 'full'}` })))
  expect(urls).toEqual({
    full: { webp: 'https://x/full' },
    thumbnails: { '16': { webp: 'https://x/16' }, '32': { webp: 'https://x/32' } },
  })
})

test.each(['png', 'webp', 'avif'] as const)(
  '%s keeps alpha and shape, is not enlarged, and carries no metadata',
  async (format) => {
    const background = { r: 200, g: 30, b: 30, alpha: 0.5 }
    const bytes = await sharp({ create: { width: 300, height: 200, channels: 4, background } })
      .withExif({ IFD0: { Copyright: 'somebody' } })
      .png()
      .toBuffer()
    const sizes = [null, 150, 4000].map(async (width) => {
      const rendered = await sharp(await renderVariant(bytes, { format, width })).metadata()
      expect(rendered).toMatchObject({ format: format === 'avif' ? 'heif' : format, hasAlpha: true })
      expect(rendered.exif).toBeUndefined()
      return [rendered.width, rendered.height]
    })
    expect(await Promise.all(sizes)).toEqual([
      [300, 200],
      [150, 100],
      [300, 200],
    ])
  },
)
