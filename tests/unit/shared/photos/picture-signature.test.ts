import { pictureSignature } from '#shared/photos/picture-signature.ts'

const ftyp = (...brands: string[]) => {
  const box = Buffer.alloc(12 + 4 * brands.length)
  box.writeUInt32BE(box.length)
  box.write('ftyp', 4, 'latin1')
  brands.forEach((brand, index) => {
    box.write(brand, index === 0 ? 8 : 12 + 4 * index, 'latin1')
  })
  return box
}

test.each([
  ['a PNG', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), 'png'],
  ['a JPEG', Buffer.from('ffd8ffe000104a464946', 'hex'), 'jpeg'],
  ['a WebP', Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'), 'webp'],
  ['a sound in the same container', Buffer.from('RIFF\x10\0\0\0WAVEfmt ', 'latin1'), null],
  ['a GIF', Buffer.from('GIF89a\x01\0\x01\0', 'latin1'), 'gif'],
  ['a TIFF, little-endian', Buffer.from('II*\0\x08\0\0\0', 'latin1'), 'tiff'],
  ['a TIFF, big-endian', Buffer.from('MM\0*\0\0\0\x08', 'latin1'), 'tiff'],
  ['a BigTIFF, little-endian', Buffer.from('II+\0\x08\0\0\0', 'latin1'), 'tiff'],
  ['a BigTIFF, big-endian', Buffer.from('MM\0+\0\x08\0\0', 'latin1'), 'tiff'],
  ['an AVIF', ftyp('avif', 'mif1', 'miaf'), 'avif'],
  ['an AVIF that names itself only among the compatible brands', ftyp('mif1', 'avif'), 'avif'],
  ['a HEIC', ftyp('heic', 'mif1'), 'heic'],
  ['a HEIC that names itself only among the compatible brands', ftyp('mif1', 'heic'), 'heic'],
  ['a film', ftyp('isom', 'mp42'), null],
  ['a box cut short', ftyp('mif1', 'heic').subarray(0, 13), null],
  ['nothing', Buffer.alloc(0), null],
  ['text', Buffer.from('GIF, JPEG and PNG'), null],
])('%s', (_name, bytes, expected) => {
  expect(pictureSignature(bytes)).toBe(expected)
})
