import sharp from 'sharp'
import { cutOut } from '../../clipdrop/cut-out.ts'
import type { InputSchema } from './input-schema.ts'
import { paintPrompt, TRAINED_SCHEMA } from './paint-prompt.ts'

export interface ModelOutput {
  bytes: Buffer
  contentType: string
  name: string
}

/** A model that the stand-in runs: what it takes, what it makes, and how it answers. */
export interface StandInModel {
  name: string
  /** Official models are run by name; their version is not told. */
  isOfficial: boolean
  versions: readonly string[]
  schema: InputSchema
  output: 'string' | 'array'
  /** Throws what the prediction then says as its error. */
  run(picture: Buffer, input: Readonly<Record<string, unknown>>): Promise<ModelOutput | ModelOutput[]>
}

/** Where Real-ESRGAN's GPUs end (contract clipdrop.md §6: around 2 megapixels in reports). */
const GPU_PIXELS = 2_100_000

async function removeBackground(picture: Buffer): Promise<ModelOutput> {
  const { width, height } = await sharp(picture).metadata()
  const cut = await cutOut(picture, { width, height })
  return { bytes: await cut.png({ compressionLevel: 3 }).toBuffer(), contentType: 'image/png', name: 'out.png' }
}

function upscaleBy(field: string): StandInModel['run'] {
  return async (picture, input) => {
    const { width, height } = await sharp(picture).metadata()
    if (width * height > GPU_PIXELS) throw new Error('CUDA out of memory. Tried to allocate 7.63 GiB')
    const factor = Number(input[field])
    const bytes = await sharp(picture)
      .resize(Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor)), { fit: 'fill' })
      .png({ compressionLevel: 3 })
      .toBuffer()
    return { bytes, contentType: 'image/png', name: 'output.png' }
  }
}

const picture = { kind: 'picture' } as const
const scale = { kind: 'number', default: 4, minimum: 0, maximum: 10 } as const
const faceEnhance = { kind: 'flag', default: false } as const

function background(
  name: string,
  version: string,
  more: { schema?: InputSchema; output?: StandInModel['output'] } = {},
): StandInModel {
  const schema = { image: picture, ...more.schema }
  return {
    name,
    isOfficial: false,
    versions: [version],
    schema,
    output: more.output ?? 'string',
    run: removeBackground,
  }
}

/** The substitutes of the contract (clipdrop.md §6), and an official one. */
export const MODELS: readonly StandInModel[] = [
  background('lucataco/remove-bg', '95fcc2a26d3899cd6c2691c900465aaeff466285a65c14638cc5f36f34befaf1'),
  background('851-labs/background-remover', 'a029dff38972b5fda4ec5d75d7d1cd25aeff621d2cf4946a41055d7db66b80bc', {
    schema: {
      format: { kind: 'text', default: 'png', oneOf: ['png', 'jpg'] },
      threshold: { kind: 'number', default: 0, minimum: 0, maximum: 1 },
      reverse: { kind: 'flag', default: false },
      background_type: { kind: 'text', default: 'rgba' },
    },
  }),
  background('lucataco/dis-background-removal', '5b67a0da2b417b71066754fa8550d668a12edccfe3f32de062f7e20ac0b5d55e', {
    output: 'array',
  }),
  background('cjwbw/rembg', 'fb8af171cfa1616ddcf1242c093f9c46bcada5ad4cf6f2fbe8b81b330ec5c003'),
  { ...background('bria/remove-background', 'hidden'), isOfficial: true },
  {
    name: 'nightmareai/real-esrgan',
    isOfficial: false,
    versions: [
      '42fed1c4974146d4d2414e2be2c5277c7fcf05fcc3a73abf41610695738c1d7b',
      'a462d24b148ac8503a4519090095bd5d3e519eb49d9ab65f389ff2f025bb9700',
    ],
    schema: { image: picture, scale, face_enhance: faceEnhance },
    output: 'string',
    run: upscaleBy('scale'),
  },
  {
    name: 'xinntao/realesrgan',
    isOfficial: false,
    versions: ['457f5435101937411c960ddc8e2c612e2b0eba59f435ef77d5f27e12dba55902'],
    schema: {
      img: picture,
      version: { kind: 'text', default: 'General - v3' },
      scale: { ...scale, default: 2 },
      face_enhance: faceEnhance,
      tile: { kind: 'number', default: 0, minimum: 0, maximum: 2048 },
    },
    output: 'string',
    run: upscaleBy('scale'),
  },
  {
    name: 'philz1337x/clarity-upscaler',
    isOfficial: false,
    versions: ['dfad41707589d68ecdccd1dfa600d55a208f9310748e44bfe35b4a6291453d5e'],
    schema: {
      image: picture,
      scale_factor: { kind: 'number', default: 2, minimum: 1, maximum: 10 },
      creativity: { kind: 'number', default: 0.35, minimum: 0, maximum: 1 },
      resemblance: { kind: 'number', default: 0.6, minimum: 0, maximum: 3 },
      dynamic: { kind: 'number', default: 6, minimum: 1, maximum: 50 },
      output_format: { kind: 'text', default: 'png', oneOf: ['png', 'jpg', 'webp'] },
    },
    output: 'array',
    run: upscaleBy('scale_factor'),
  },
]

/** A model of the account that a training has made: pictures of a prompt. */
export function trainedModel(name: string, version: string): StandInModel {
  return {
    name,
    isOfficial: false,
    versions: [version],
    schema: TRAINED_SCHEMA,
    output: 'array',
    run: (_, input) => paintPrompt(input, version),
  }
}

/** The model that `version` of a creation means: 64 hex, `owner/name:id`, or the name of an official one (contract §3). */
export function findModel(version: string): { model: StandInModel; version: string } | null {
  const [name = '', id] = version.split(':')
  for (const model of MODELS) {
    if (model.isOfficial ? version === model.name : false) return { model, version: 'hidden' }
    const wanted = id ?? name
    if (model.versions.includes(wanted) && !model.isOfficial && (id === undefined || name === model.name)) {
      return { model, version: wanted }
    }
  }
  return null
}
