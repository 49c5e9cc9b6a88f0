import sharp from 'sharp'

/**
 * A picture like a photo, made when it is needed: a lit background out of focus, a figure in front, and the grain of a
 * sensor over both, so that it compresses as badly as photos do. `seed` moves the figure.
 */
export async function drawPhoto(params: {
  width: number
  height: number
  format: 'png' | 'jpeg'
  seed: number
}): Promise<Buffer> {
  const { width, height, seed } = params
  const blurred = await sharp(Buffer.from(background(seed)))
    .resize(512, 512, { fit: 'fill' })
    .blur(24)
    .png()
    .toBuffer()
  const grain = await sharp({
    create: { width, height, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: 128, sigma: 9 } },
  })
    .png({ compressionLevel: 0 })
    .toBuffer()
  const scene = await sharp(blurred)
    .resize(width, height, { fit: 'fill' })
    .composite([{ input: Buffer.from(figure({ width, height, seed })) }, { input: grain, blend: 'soft-light' }])
    .removeAlpha()
    .png({ compressionLevel: 0 })
    .toBuffer()
  const picture = sharp(scene)
  return await (params.format === 'png'
    ? picture.png({ compressionLevel: 3 })
    : picture.jpeg({ quality: 92 })
  ).toBuffer()
}

function background(seed: number): string {
  const lights = Array.from({ length: 9 }, (_, index) => {
    const [x, y] = [((index * 53 + seed * 17) % 100) * 5.12, ((index * 29 + seed * 31) % 100) * 5.12]
    return `<circle cx="${x}" cy="${y}" r="${40 + index * 9}" fill="hsl(${(index * 40 + 190) % 360} 35% 55%)"/>`
  })
  return `<svg width="512" height="512"><rect width="512" height="512" fill="#5c6b73"/>${lights.join('')}</svg>`
}

function figure({ width, height, seed }: { width: number; height: number; seed: number }): string {
  const unit = Math.min(width, height) / 100
  const [x, y] = [width / 2 + ((seed % 7) - 3) * 3 * unit, height / 2 + ((seed % 5) - 2) * 2 * unit]
  return `<svg width="${width}" height="${height}"><g fill="#7a2e1f">
    <ellipse cx="${x}" cy="${y + 22 * unit}" rx="${20 * unit}" ry="${26 * unit}" fill="#1f3f6b"/>
    <circle cx="${x}" cy="${y - 14 * unit}" r="${13 * unit}" fill="#d9a987"/>
    <path d="M ${x - 13 * unit} ${y - 14 * unit} a ${13 * unit} ${14 * unit} 0 0 1 ${26 * unit} 0 z"/>
  </g></svg>`
}
