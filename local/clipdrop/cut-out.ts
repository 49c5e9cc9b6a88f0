import sharp, { type Sharp } from 'sharp'

/** The mask is found on a picture of this longest side: enough for a stand-in, and a few ms. */
const WORK_SIDE = 192
/** How far a channel may be from the border's colour and still be background. */
const TOLERANCE = 40
/** Outside these shares of kept pixels the flood has run through or never started, and an ellipse says more. */
const PLAUSIBLE_SHARE = [0.03, 0.97] as const

/**
 * A real, if simple, background removal: what is connected to the border and has its colour becomes transparent. The answer
 * has the input's dimensions, as PNG pixels with alpha still to be encoded.
 */
export async function cutOut(bytes: Buffer, size: { width: number; height: number }): Promise<Sharp> {
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .toColourspace('srgb')
    .resize(WORK_SIDE, WORK_SIDE, { fit: 'inside', withoutEnlargement: true })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const flooded = floodFromBorder({ pixels: data, width, height, channels })
  const share = flooded.reduce((kept, value) => kept + (value === 0 ? 0 : 1), 0) / flooded.length
  const plausible = share >= PLAUSIBLE_SHARE[0] && share <= PLAUSIBLE_SHARE[1]
  const mask = plausible ? flooded : ellipse(width, height)
  const alpha = await sharp(mask, { raw: { width, height, channels: 1 } })
    .resize(size.width, size.height, { fit: 'fill' })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer()
  // Colours first, then alpha: in one chain sharp would remove the alpha that was just joined.
  const colours = await sharp(bytes).removeAlpha().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer()
  const raw = { width: size.width, height: size.height }
  return sharp(colours, { raw: { ...raw, channels: 3 } }).joinChannel(alpha, { raw: { ...raw, channels: 1 } })
}

interface Pixels {
  pixels: Uint8Array
  width: number
  height: number
  channels: number
}

/** 255 for what is kept, 0 for what the border reaches. */
function floodFromBorder({ pixels, width, height, channels }: Pixels): Uint8Array {
  const mask = new Uint8Array(width * height).fill(255)
  const border = borderIndexes(width, height)
  const colour = Array.from({ length: channels }, (_, channel) => {
    const values = border.map((index) => pixels[index * channels + channel] ?? 0).sort((a, b) => a - b)
    return values[values.length >> 1] ?? 0
  })
  const isBackground = (index: number): boolean =>
    colour.every((value, channel) => Math.abs((pixels[index * channels + channel] ?? 0) - value) <= TOLERANCE)

  const queue = border.filter(isBackground)
  for (const index of queue) mask[index] = 0
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    const x = index % width
    const neighbours = [x > 0 ? index - 1 : -1, x < width - 1 ? index + 1 : -1, index - width, index + width]
    for (const next of neighbours) {
      if (next < 0 || next >= mask.length || mask[next] === 0 || !isBackground(next)) continue
      mask[next] = 0
      queue.push(next)
    }
  }
  return mask
}

function borderIndexes(width: number, height: number): number[] {
  const indexes = new Set<number>()
  for (let x = 0; x < width; x++) indexes.add(x).add((height - 1) * width + x)
  for (let y = 0; y < height; y++) indexes.add(y * width).add(y * width + width - 1)
  return [...indexes]
}

function ellipse(width: number, height: number): Uint8Array {
  const mask = new Uint8Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = (x + 0.5 - width / 2) / (width * 0.45)
      const dy = (y + 0.5 - height / 2) / (height * 0.45)
      if (dx * dx + dy * dy <= 1) mask[y * width + x] = 255
    }
  }
  return mask
}
