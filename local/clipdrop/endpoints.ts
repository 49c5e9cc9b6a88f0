import sharp, { type Sharp } from 'sharp'
import { cutOut } from './cut-out.ts'
import type { ClipDropEndpoint } from './faults.ts'
import { type InputPicture, type ReadForm, readForm } from './read-form.ts'
import { Refusal } from './refusal.ts'

/** A picture to answer with. */
export interface AnswerPicture {
  bytes: Buffer
  contentType: string
}

/** One endpoint: its path, and the work on a request's body. Throws `Refusal`. */
export interface Endpoint {
  name: ClipDropEndpoint
  path: string
  answer(request: {
    body: Buffer
    contentType: string
    accept: string
  }): Promise<{ form: ReadForm; picture: AnswerPicture }>
}

const removeBackground: Endpoint = {
  name: 'remove-background',
  path: '/remove-background/v1',
  async answer({ body, contentType, accept }) {
    const type = acceptedType(accept)
    const form = await readForm(body, contentType, { maxPixels: 25_000_000, fieldNames: ['transparency_handling'] })
    const { picture } = form
    const handling = form.fields.transparency_handling ?? 'return_input_if_non_opaque'
    if (handling !== 'return_input_if_non_opaque' && handling !== 'discard_alpha_layer') {
      throw new Refusal(400, 'transparency_handling is not one of return_input_if_non_opaque, discard_alpha_layer')
    }
    if (handling === 'return_input_if_non_opaque' && (await isTransparent(picture))) return { form, picture }
    const cut = await readable(() => cutOut(picture.bytes, picture))
    return { form, picture: { bytes: await encode(cut, type), contentType: type } }
  },
}

const upscale: Endpoint = {
  name: 'upscale',
  path: '/image-upscaling/v1/upscale',
  async answer({ body, contentType }) {
    const form = await readForm(body, contentType, {
      maxPixels: 16_000_000,
      fieldNames: ['target_width', 'target_height'],
    })
    const width = targetSide(form.fields, 'target_width')
    const height = targetSide(form.fields, 'target_height')
    const transparent = await isTransparent(form.picture)
    const resized = sharp(form.picture.bytes).resize(width, height, { fit: 'fill' })
    // Whatever was sent in, and whatever Accept says (contract §3).
    const type = transparent ? 'image/webp' : 'image/jpeg'
    return { form, picture: { bytes: await readable(() => encode(resized, type)), contentType: type } }
  },
}

export const ENDPOINTS: readonly Endpoint[] = [removeBackground, upscale]

function targetSide(fields: Readonly<Record<string, string>>, name: string): number {
  const text = fields[name]
  if (text === undefined) throw new Refusal(400, `${name} is required`)
  const side = /^\d+$/.test(text) ? Number(text) : 0
  if (side < 1 || side > 4096) throw new Refusal(400, `${name} must be an integer between 1 and 4096`)
  return side
}

type AnswerType = 'image/png' | 'image/webp' | 'image/jpeg'

/** The first offered type that Accept names; `*` and no header mean PNG. */
function acceptedType(accept: string): AnswerType {
  if (accept.trim() === '') return 'image/png'
  for (const entry of accept.split(',')) {
    const type = entry.split(';', 1)[0]?.trim().toLowerCase()
    if (type === '*/*' || type === 'image/*' || type === 'image/png') return 'image/png'
    if (type === 'image/webp' || type === 'image/jpeg') return type
  }
  throw new Refusal(406, 'Accept header not acceptable')
}

async function isTransparent(picture: InputPicture): Promise<boolean> {
  return await readable(async () => {
    const { hasAlpha } = await sharp(picture.bytes).metadata()
    return hasAlpha && !(await sharp(picture.bytes).stats()).isOpaque
  })
}

async function encode(picture: Sharp, type: AnswerType): Promise<Buffer> {
  if (type === 'image/webp') return await picture.webp({ quality: 92 }).toBuffer()
  if (type === 'image/jpeg') return await picture.flatten({ background: '#fff' }).jpeg({ quality: 92 }).toBuffer()
  return await picture.png({ compressionLevel: 3 }).toBuffer()
}

/** A header that reads is no promise that the pixels do. */
async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof Refusal ? cause : new Refusal(400, 'image_file cannot be decoded')
  }
}
