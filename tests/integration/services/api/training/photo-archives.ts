import sharp from 'sharp'
import { writeZip, type ZipSource } from '#shared/archives/zip-writer.ts'

/** Small pictures that differ. */
export async function photos(count: number, seed = 0): Promise<Buffer[]> {
  return await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const background = { r: (index * 37 + seed) % 256, g: (index * 11) % 256, b: 90 }
      return sharp({ create: { width: 48, height: 32, channels: 3, background } })
        .jpeg()
        .toBuffer()
    }),
  )
}

/** A ZIP as somebody's program packs it. */
export async function packed(entries: readonly ZipSource[]): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of writeZip(entries)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A ZIP of so many photos, and what else is in it. */
export async function photoArchive(count: number, more: readonly ZipSource[] = [], seed = 0): Promise<Buffer> {
  const entries = (await photos(count, seed)).map((content, index) => ({ name: `set/${index}.jpg`, content }))
  return await packed([...entries, ...more])
}
