/** A kind of picture that the first bytes promise. */
export type PictureSignature = 'png' | 'jpeg' | 'webp' | 'gif' | 'tiff' | 'avif' | 'heic'

/** Brands of files whose pixels are HEVC (ISO/IEC 23008-12, annex B). */
const hevcBrands = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs'])

/** What the first bytes promise, or null; the rest may still be anything. */
export function pictureSignature(bytes: Buffer): PictureSignature | null {
  const start = bytes.toString('latin1', 0, 12)
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'webp'
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'gif'
  // The second of each is BigTIFF.
  if (/^(?:II[*+]\0|MM\0[*+])/.test(start)) return 'tiff'
  return start.slice(4, 8) === 'ftyp' ? heifSignature(bytes) : null
}

/** The container is one for several codecs; the brands of its `ftyp` box tell which (ISO/IEC 14496-12, 4.3). */
function heifSignature(bytes: Buffer): PictureSignature | null {
  const boxEnd = Math.min(bytes.readUInt32BE(0), bytes.length, 256)
  const brands: string[] = [bytes.toString('latin1', 8, 12)]
  for (let at = 16; at + 4 <= boxEnd; at += 4) brands.push(bytes.toString('latin1', at, at + 4))
  if (brands.includes('avif') || brands.includes('avis')) return 'avif'
  return brands.some((brand) => hevcBrands.has(brand)) ? 'heic' : null
}
