import sharp, { type Metadata } from 'sharp'
import { Refusal } from './refusal.ts'

/** The picture of a request, checked against the endpoint's limits. */
export interface InputPicture {
  bytes: Buffer
  contentType: 'image/png' | 'image/jpeg' | 'image/webp'
  width: number
  height: number
}

export interface ReadForm {
  picture: InputPicture
  fields: Readonly<Record<string, string>>
}

const MAX_FILE_BYTES = 30_000_000

/** Reads and checks a form as the contract says (§1–§3). Stricter than the service in one thing: a field it doesn't know is refused. */
export async function readForm(
  body: Buffer,
  contentType: string,
  rules: { maxPixels: number; fieldNames: readonly string[] },
): Promise<ReadForm> {
  const form = await parseForm(body, contentType)
  const fields: Record<string, string> = {}
  for (const [name, value] of form) {
    if (name === 'image_file') continue
    if (!rules.fieldNames.includes(name) || typeof value !== 'string')
      throw new Refusal(400, `Unexpected field ${name}`)
    fields[name] = value
  }
  const file = form.get('image_file')
  if (file === null || typeof file === 'string') throw new Refusal(400, 'image_file is required')
  return { picture: await checkPicture(Buffer.from(await file.arrayBuffer()), rules.maxPixels), fields }
}

async function parseForm(body: Buffer, contentType: string): Promise<FormData> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  } catch {
    throw new Refusal(400, 'The body is not multipart/form-data with its boundary')
  }
}

const TYPES = { png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp' } as const

async function checkPicture(bytes: Buffer, maxPixels: number): Promise<InputPicture> {
  if (bytes.byteLength > MAX_FILE_BYTES) throw new Refusal(400, 'image_file is larger than 30 MB')
  const { format, width, height } = await readHeader(bytes)
  const contentType = TYPES[format as keyof typeof TYPES]
  if (contentType === undefined) throw new Refusal(400, 'image_file must be a PNG, JPEG or WebP')
  if (width * height > maxPixels) throw new Refusal(400, `image_file has more than ${maxPixels / 1e6} megapixels`)
  return { bytes, contentType, width, height }
}

async function readHeader(bytes: Buffer): Promise<Metadata> {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata()
  } catch {
    throw new Refusal(400, 'image_file is not an image')
  }
}
