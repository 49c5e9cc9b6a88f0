import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const size = { width: 4000, height: 3000 }
const pictures = fileURLToPath(new URL('../../tests/fixtures/images', import.meta.url))

/**
 * Photos of 12 megapixels in a folder of their own: the tests' pictures, each time another crop, enlarged, with the grain
 * of a sensor, so that they are as heavy to decode as photos are. They stay for the next run. @returns the folder
 */
export async function makePhotos(count: number): Promise<string> {
  const folder = join(tmpdir(), `charaforge-bench-photos-${count}`)
  if ((await readdir(folder).catch(() => [])).length === count) return folder
  await mkdir(folder, { recursive: true })
  const sources = (await readdir(pictures)).filter((name) => name.endsWith('.jpg')).toSorted()
  for (let index = 0; index < count; index++) {
    const bytes = await makePhoto(join(pictures, sources[index % sources.length] ?? ''), index)
    const file = join(folder, `photo-${String(index).padStart(3, '0')}.jpg`)
    // A run that is broken off leaves no half photo behind.
    await writeFile(`${file}.part`, bytes)
    await rename(`${file}.part`, file)
  }
  return folder
}

async function makePhoto(source: string, index: number): Promise<Buffer> {
  const { width, height } = await sharp(source).metadata()
  const crop = { width: Math.floor(width * 0.8), height: Math.floor(height * 0.8) }
  const [left, top] = [((index * 37) % 100) / 100, ((index * 61) % 100) / 100]
  const pixels = await sharp(source)
    .extract({ ...crop, left: Math.floor((width - crop.width) * left), top: Math.floor((height - crop.height) * top) })
    .resize({ ...size, fit: 'cover' })
    .removeAlpha()
    .raw()
    .toBuffer()
  addGrain(pixels, index)
  return await sharp(pixels, { raw: { ...size, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer()
}

/** In place. Composing a second picture of noise would take ten times as long. */
function addGrain(pixels: Buffer, seed: number): void {
  let state = seed + 1
  for (let at = 0; at < pixels.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    // Two of the random bytes, so that weak grain is more frequent than strong.
    const grain = (((state >>> 24) + ((state >>> 16) & 0xff)) >> 4) - 16
    pixels[at] = Math.max(0, Math.min(255, (pixels[at] ?? 0) + grain))
  }
}
