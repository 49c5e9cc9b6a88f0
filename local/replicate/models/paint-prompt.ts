import { createHash } from 'node:crypto'
import sharp from 'sharp'
import type { InputSchema } from './input-schema.ts'
import type { ModelOutput } from './models.ts'

const number = (value: number, minimum: number, maximum: number) =>
  ({ kind: 'number', default: value, minimum, maximum }) as const

const SIZES: Readonly<Record<string, readonly [width: number, height: number]>> = {
  '1:1': [512, 512],
  '16:9': [640, 360],
  '9:16': [360, 640],
  '3:2': [576, 384],
  '2:3': [384, 576],
  '4:5': [448, 560],
  '5:4': [560, 448],
}

/** What a trained Flux LoRA takes. */
export const TRAINED_SCHEMA: InputSchema = {
  prompt: { kind: 'prompt' },
  model: { kind: 'text', default: 'dev', oneOf: ['dev', 'schnell'] },
  aspect_ratio: { kind: 'text', default: '1:1', oneOf: Object.keys(SIZES) },
  num_outputs: number(1, 1, 4),
  num_inference_steps: number(28, 1, 50),
  guidance_scale: number(3, 0, 10),
  lora_scale: number(1, -1, 3),
  seed: number(0, 0, 2 ** 31),
  output_format: { kind: 'text', default: 'webp', oneOf: ['webp', 'jpg', 'png'] },
  output_quality: number(80, 0, 100),
  go_fast: { kind: 'flag', default: false },
  disable_safety_checker: { kind: 'flag', default: false },
}

/** Pictures that differ by prompt, model and seed and nothing else: a figure before a gradient, in colours of their hash. */
export async function paintPrompt(input: Readonly<Record<string, unknown>>, version: string): Promise<ModelOutput[]> {
  const [width, height] = SIZES[String(input.aspect_ratio)] ?? [512, 512]
  const format = String(input.output_format)
  const numbers = Array.from({ length: Number(input.num_outputs) }, (_, index) => index)
  return await Promise.all(
    numbers.map(async (index) => {
      const hash = createHash('sha256').update(`${version} ${input.prompt} ${input.seed} ${index}`).digest('hex')
      const drawing =
        Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="${width}" height="${height}"
        preserveAspectRatio="none"><defs><linearGradient id="g"><stop stop-color="#${hash.slice(0, 6)}"/><stop offset="1"
        stop-color="#${hash.slice(6, 12)}"/></linearGradient></defs><rect width="100" height="100" fill="url(#g)"/><circle cx="50"
        cy="35" r="16" fill="#${hash.slice(12, 18)}"/><ellipse cx="50" cy="85" rx="28" ry="34" fill="#${hash.slice(18, 24)}"/></svg>`)
      const picture = sharp(drawing).flatten()
      const bytes = await picture.toFormat(format === 'jpg' ? 'jpeg' : format === 'png' ? 'png' : 'webp').toBuffer()
      return { bytes, contentType: `image/${format === 'jpg' ? 'jpeg' : format}`, name: `out-${index}.${format}` }
    }),
  )
}
