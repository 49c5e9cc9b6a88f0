import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp, { type Sharp } from 'sharp'

/** The picture of a fresh clone. */
const PICTURE = fileURLToPath(new URL('../../docs/images/demo.jpg', import.meta.url))

/** What photos of one person differ in, drawn: crop, side, light, format, and how the camera was held. */
const VARIATIONS: readonly { name: string; draw: (picture: Sharp) => Sharp }[] = [
  { name: '1-whole.jpg', draw: (picture) => picture.jpeg() },
  { name: '2-mirrored.jpg', draw: (picture) => picture.flop().jpeg() },
  { name: '3-closer.png', draw: (picture) => picture.extract({ left: 170, top: 60, width: 500, height: 480 }).png() },
  { name: '4-darker.webp', draw: (picture) => picture.modulate({ brightness: 0.7 }).webp() },
  // Upright only by its EXIF: this one shows whether that is honoured.
  { name: '5-held-sideways.jpg', draw: (picture) => picture.rotate(270).withMetadata({ orientation: 6 }).jpeg() },
  { name: '6-faded.jpg', draw: (picture) => picture.modulate({ saturation: 0.4 }).jpeg() },
]

/**
 * Six variations of `docs/images/demo.jpg` in `folder`: enough for the trainer's stand-in, which learns nothing of them.
 * @returns what they are, in words.
 */
export async function drawDemoPhotos(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  for (const { name, draw } of VARIATIONS) await writeFile(join(folder, name), await draw(sharp(PICTURE)).toBuffer())
  return `${VARIATIONS.length} variations of docs/images/demo.jpg`
}
