import { flag, integer, list, oneOf } from '../schema.ts'
import { defaulted } from '../variable.ts'

/** What is published of a finished picture besides the PNG. */
export const showcaseVariables = {
  SHOWCASE_VARIANTS: defaulted({
    schema: list(oneOf('webp', 'avif'), 'formats (webp, avif)'),
    default: '',
    description: 'Formats that are published beside the PNG, at its size.',
    services: ['image-worker'],
    example: 'webp,avif',
  }),
  SHOWCASE_THUMBNAILS: defaulted({
    schema: list(integer({ min: 16, max: 4096, unit: 'pixels' }), 'widths of 16 to 4096 pixels'),
    default: '',
    description: 'Widths of thumbnails, each in every format of SHOWCASE_VARIANTS (PNG where that is empty).',
    services: ['image-worker'],
    example: '256,512',
  }),
  SHOWCASE_TRIM: defaulted({
    schema: flag(),
    default: 'false',
    description: 'Crop the cut-out to its subject before it is upscaled.',
    services: ['image-worker'],
    example: 'true',
  }),
  SHOWCASE_TRIM_MARGIN: defaulted({
    schema: integer({ min: 0, max: 100, unit: 'per cent' }),
    default: '4',
    description: "Room left around a trimmed subject, in per cent of its longer side; never beyond the picture's edge.",
    services: ['image-worker'],
    example: '4',
  }),
}
