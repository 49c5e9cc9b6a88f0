import sharp from 'sharp'
import { listZip, readZipEntry } from '#shared/archives/zip-reader.ts'
import { type PhotosToZipOptions, photosToZip } from '#shared/photos/photos-to-zip.ts'
import { endlessProfile, packedTexts } from '../../../integration/services/image-worker/bad-input/bombs.ts'

const picture = () => sharp({ create: { width: 90, height: 60, channels: 3, background: '#a42' } })
const zipLimits = { maxEntries: 100, maxEntryBytes: 1e7, maxTotalBytes: 1e8, maxRatio: 100 }

async function pack(photos: Buffer[], options?: PhotosToZipOptions): Promise<Buffer> {
  const sources = photos.map((bytes, n) => ({ name: `IMG_${n}`, read: async () => bytes }))
  const chunks: Buffer[] = []
  for await (const chunk of photosToZip(sources, options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

test('photos with endless texts or an endless colour profile are made in no time, like any other', async () => {
  const png = await picture().png().toBuffer()
  const heavy = [packedTexts(png, 400), endlessProfile(png, 900_000)]
  expect((await pack([...heavy, png, png])).length).toBeGreaterThan(0)
})

test('photos are upright, small enough and without a word about place or camera', async () => {
  const exif = { IFD0: { Make: 'Camera' }, IFD3: { GPSLatitude: '52/1 31/1 0/1' } }
  const turned = await picture().withMetadata({ orientation: 6 }).withExifMerge(exif).jpeg().toBuffer()
  const clear = await picture().ensureAlpha(0.5).webp().toBuffer()
  const large = await picture().resize(3000, 2000).png().toBuffer()
  expect((await sharp(turned).metadata()).exif).toBeDefined()
  const zip = await pack([turned, clear, large, turned])
  const read = async (offset: number, length: number) => zip.subarray(offset, offset + length)
  const found: unknown[] = []
  for (const entry of await listZip({ read, sizeBytes: zip.length, limits: zipLimits })) {
    const chunks: Buffer[] = []
    for await (const chunk of readZipEntry(read, entry)) chunks.push(chunk)
    const { width, height, exif: left, icc, orientation } = await sharp(Buffer.concat(chunks)).metadata()
    found.push([entry.name, width, height, left, icc, orientation])
  }
  const none = [undefined, undefined, undefined]
  expect(found).toEqual([
    ['photo-001.jpg', 60, 90, ...none],
    ['photo-002.png', 90, 60, ...none],
    ['photo-003.jpg', 2048, 1365, ...none],
    ['photo-004.jpg', 60, 90, ...none],
  ])
})

test('refusals are typed and number the photo', async () => {
  const good = await picture().jpeg().toBuffer()
  const refused = (bytes: Buffer, options?: PhotosToZipOptions) => pack([good, good, bytes, good], options)
  const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')
  const cases: [string, Promise<Buffer>][] = [
    ['photo.empty', refused(Buffer.alloc(0))],
    ['photo.heic', refused(heic)],
    ['photo.not-a-photo', refused(Buffer.from('<svg/>'))],
    ['photo.damaged', refused(good.subarray(0, -200))],
    ['photo.too-many-pixels', refused(good, { photoLimits: { maxBytes: 1e6, maxPixels: 5000, maxSide: 2048 } })],
    ['photo.infected', refused(good, { scanner: { scan: async () => ({ infected: true, signature: 'X' }) } })],
    ['training.too-few-photos', pack([good, good, good])],
    ['training.too-many-photos', pack(Array(101).fill(good))],
    ['training.zip-too-large', pack(Array(4).fill(good), { limits: { minPhotos: 4, maxPhotos: 9, maxZipBytes: 900 } })],
  ]
  const settled = await Promise.allSettled(cases.map(([, packing]) => packing))
  const codes = settled.map((result) => (result.status === 'rejected' ? result.reason.code : 'let through'))
  expect(codes).toEqual(cases.map(([code]) => code))
  await expect(refused(heic)).rejects.toThrow(/^Photo 3 cannot be used\. HEIC/)
})
