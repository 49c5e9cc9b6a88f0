import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import sharp from 'sharp'
import type { StartDocuments } from '../../../support/documents.ts'
import type { Resource } from '../../../support/image-actions.ts'
import { appBucket, type ImageCase, newCase } from '../../../support/image-case.ts'
import { useImageWorld } from '../../../support/image-world.ts'
import { blackPng } from './bad-input/make-png.ts'
import { turned, upright, wrongCorners } from './bad-input/orientations.ts'
import { type BadInput, badInputs } from './bad-input/pictures.ts'

const gibibyte = 2 ** 30

/** What people upload by accident or on purpose: each ends at the first delivery, and the worker's memory stays bounded. */
export function badInput(documents: StartDocuments): void {
  const env = { BACKGROUND_PROVIDERS: 'local', UPSCALE_PROVIDERS: 'local' }
  const world = useImageWorld(() => ({ documents, env }))
  const table: string[] = []

  /** Uploads, delivers once, and says what people see. */
  async function process(name: string, bytes: Buffer, contentType = 'image/png') {
    return await finish({ name, ...(await world.forge({ bytes, contentType })) })
  }

  async function finish({ name, one, resource }: { name: string; one: ImageCase; resource: Resource }) {
    const started = performance.now()
    const { status } = await world.deliver(resource)
    const ms = Math.round(performance.now() - started)
    const { visuals } = await world.readCharacter(one)
    const error = visuals.showcaseError as { code: string; message: string } | undefined
    const peak = await peakMemory()
    const said = error ? `${error.code}: ${error.message}` : ''
    table.push(`${name}: ${String(visuals.showcaseProcessingStatus)} ${said} (${ms} ms, peak ${peak.text})`)
    expect({ name, status }).toEqual({ name, status: 204 })
    return { one, visuals, error }
  }

  /** The most memory that the worker ever held. */
  async function peakMemory(): Promise<{ bytes: number | null; text: string }> {
    const status = await readFile(`/proc/${world.worker.child.pid}/status`, 'utf8').catch(() => '')
    const found = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]
    if (found === undefined) return { bytes: null, text: 'unknown: no /proc' }
    return { bytes: Number(found) * 1024, text: `${Math.round(Number(found) / 1024)} MiB` }
  }

  test.each(badInputs)(
    '$name',
    async (input: BadInput) => {
      const { one, visuals, error } = await process(input.name, await input.bytes(), input.contentType)
      expect(await world.temporaries()).toEqual([])
      if ('code' in input.outcome) {
        expect(error).toEqual({ code: input.outcome.code, message: expect.stringMatching(/^[A-Z].+\.$/) })
        expect(visuals).toMatchObject({ showcaseProcessingStatus: 'failed', isShowcaseProcessed: false })
        expect(await world.jobsOf(one)).toMatchObject([{ state: 'failed', lease: null }])
        return
      }
      expect({ error, status: visuals.showcaseProcessingStatus }).toEqual({ error: undefined, status: 'complete' })
      const { bytes, contentType } = await world.publishedPicture(one)
      const { width, height, middle } = input.outcome
      const { format, depth, space, icc, exif, xmp, pages, ...facts } = await sharp(bytes).metadata()
      expect({ contentType, format, depth, space, width: facts.width, height: facts.height }).toEqual({
        contentType: 'image/png',
        format: 'png',
        depth: 'uchar',
        space: 'srgb',
        width,
        height,
      })
      expect({ icc, exif, xmp, pages }).toEqual({ icc: undefined, exif: undefined, xmp: undefined, pages: undefined })
      if (input.never) expect(bytes.includes(input.never)).toBe(false)
      if (middle) expect(await distance(bytes, middle)).toBeLessThan(32)
    },
    60_000,
  )

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i: the result is upright', async (orientation) => {
    const { one } = await process(`EXIF orientation ${orientation}`, await turned(orientation), 'image/jpeg')
    const { bytes } = await world.publishedPicture(one)
    const { width, height } = await sharp(bytes).metadata()
    expect({ width, height }).toEqual({ width: 2 * upright.width, height: 2 * upright.height })
    expect(await wrongCorners(bytes)).toEqual([])
  })

  test('a file of 120 MB: refused before a byte of it is read', async () => {
    const one = newCase()
    const file = world.storage.bucket(appBucket).file(one.uploadName)
    const piece = Buffer.alloc(1024 * 1024, 0x20)
    const pieces = Readable.from(Array.from({ length: 120 }, () => piece))
    await pipeline(
      pieces,
      file.createWriteStream({ resumable: false, validation: false, metadata: { contentType: 'image/png' } }),
    )
    const [resource] = await file.getMetadata()
    expect(Number(resource.size)).toBe(120 * 1024 * 1024)
    await world.createCharacter(one, file.publicUrl())
    const { error } = await finish({ name: '120 MB', one, resource: resource as Resource })
    expect(error).toMatchObject({ code: 'objects.too-large', message: expect.stringContaining('125829120 bytes') })
  })

  test('the heaviest that are taken, as many at once as are worked on at once: all complete', async () => {
    const heaviest = blackPng({ width: 8_000, height: 8_000, colour: 'rgba', bits: 8, interlaced: true })
    const all = await Promise.all(
      ['first', 'second'].map((which) =>
        process(`8-bit RGBA at the pixel limit, interlaced (256 MB), ${which} of two`, heaviest),
      ),
    )
    expect(all.map(({ visuals }) => visuals.showcaseProcessingStatus)).toEqual(['complete', 'complete'])
    expect(await world.temporaries()).toEqual([])
  })

  test('after all of it: the worker lives, and its memory never passed 1 GiB', async () => {
    const peak = await peakMemory()
    console.log(`bad input, local providers:\n  ${table.join('\n  ')}\npeak RSS of the worker: ${peak.text}`)
    expect(world.worker.child.exitCode).toBeNull()
    expect(table).toHaveLength(badInputs.length + 11)
    if (peak.bytes !== null) expect(peak.bytes).toBeLessThan(gibibyte)
  })
}

/** The largest difference of a channel between the middle of a picture and a colour. */
async function distance(bytes: Buffer, colour: readonly number[]): Promise<number> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
  const middle = ((info.height >> 1) * info.width + (info.width >> 1)) * info.channels
  return Math.max(...colour.map((value, channel) => Math.abs(value - (data[middle + channel] ?? 0))))
}
