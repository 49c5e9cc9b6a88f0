import sharp from 'sharp'
import type { StartDocuments } from '../../../support/documents.ts'
import { appBucket, type ImageCase, picture } from '../../../support/image-case.ts'
import { useImageWorld } from '../../../support/image-world.ts'
import type { KillMoment } from '../../../support/kill-proxy.ts'
import { until } from '../../../support/until.ts'

/** What SHOWCASE_VARIANTS=webp,avif and SHOWCASE_THUMBNAILS=16,32 publish, in the order in which it is written. */
const suffixes = ['.png', '.webp', '.avif', '_16.webp', '_16.avif', '_32.webp', '_32.avif']
const leaseMs = 700

interface Variants {
  full: Record<string, string>
  thumbnails: Record<string, Record<string, string>>
}

/** Google's emulator keeps the locks of a client that died in mid-transaction for a minute. */
const deathTimeoutMs = 150_000

/** Variants, thumbnails and trim: one more object is one more way to publish half of a result. */
export function outputSuite(setup: {
  documents: StartDocuments
  deaths: [moment: KillMoment, suffix: string][]
}): void {
  const world = useImageWorld(() => ({
    documents: setup.documents,
    killProxy: true,
    env: {
      SHOWCASE_VARIANTS: 'webp,avif',
      SHOWCASE_THUMBNAILS: '32,16',
      SHOWCASE_TRIM: 'true',
      SHOWCASE_TRIM_MARGIN: '0',
      LEASE_MS: String(leaseMs),
    },
  }))
  beforeEach(() => world.proxy.disarm())

  const folder = (one: ImageCase) => `showcase-images/${one.userId}/${one.characterId}/`
  const outputName = (one: ImageCase, suffix: string) => `${folder(one)}showcase_${one.characterId}${suffix}`
  const isWriteOf = (one: ImageCase, suffix: string) => (label: string) =>
    label.startsWith('POST /upload') && label.endsWith(outputName(one, suffix))

  async function published(one: ImageCase): Promise<string[]> {
    const [files] = await world.storage.bucket(appBucket).getFiles({ prefix: folder(one) })
    return files.map((file) => file.name).sort()
  }

  async function variantsOf(one: ImageCase): Promise<Variants> {
    return (await world.readCharacter(one)).visuals.showcaseVariants as Variants
  }

  /** Everything is there, as the document says it, and was written once. */
  async function expectAllPublished(one: ImageCase): Promise<void> {
    const { visuals } = await world.readCharacter(one)
    expect(visuals).toMatchObject({ showcaseProcessingStatus: 'complete', isShowcaseProcessed: true })
    expect(await published(one)).toEqual(suffixes.map((suffix) => outputName(one, suffix)).sort())
    const { full, thumbnails } = visuals.showcaseVariants as Variants
    expect(Object.keys(full).sort()).toEqual(['avif', 'webp'])
    expect(Object.keys(thumbnails)).toEqual(['16', '32'])
    const urls = { '.png': String(visuals.showcaseImageUrl), '.webp': full.webp!, '.avif': full.avif! }
    for (const [width, formats] of Object.entries(thumbnails)) {
      for (const [format, url] of Object.entries(formats)) Object.assign(urls, { [`_${width}.${format}`]: url })
    }
    expect(Object.keys(urls).sort()).toEqual([...suffixes].sort())
    for (const [suffix, url] of Object.entries(urls)) {
      const answer = await fetch(url)
      const format = suffix.split('.').at(-1)
      expect({ suffix, status: answer.status, type: answer.headers.get('content-type') }).toEqual({
        suffix,
        status: 200,
        type: `image/${format}`,
      })
      expect(url).toContain(encodeURIComponent(outputName(one, suffix)))
      const { format: decoded, compression, hasAlpha, width } = await sharp(await answer.bytes()).metadata()
      expect([decoded === 'heif' ? compression === 'av1' && 'avif' : decoded, hasAlpha]).toEqual([format, true])
      const thumbnail = /^_(\d+)\./.exec(suffix)?.[1]
      if (thumbnail) expect(width).toBe(Number(thumbnail))
      expect(world.finalized.filter((name) => name === `${appBucket}/${outputName(one, suffix)}`)).toHaveLength(1)
    }
  }

  test('PNG, WebP, AVIF and thumbnails are published, trimmed to the subject, each with a URL of its own', async () => {
    const { one, resource } = await world.forge()
    expect((await world.deliver(resource)).status).toBe(204)
    await expectAllPublished(one)
    const [job] = await world.jobsOf(one)
    // A disc of 40 pixels in a picture of 64, twice as large: the rest was trimmed.
    const result = job?.result as { width: number; height: number }
    for (const side of [result.width, result.height]) {
      expect(side).toBeGreaterThanOrEqual(76)
      expect(side).toBeLessThanOrEqual(92)
    }
    const [png] = await world.storage.bucket(appBucket).file(outputName(one, '.png')).download()
    expect(await sharp(png).metadata()).toMatchObject({ width: result.width, height: result.height })
    const [metadata] = await world.storage.bucket(appBucket).file(outputName(one, '_16.webp')).getMetadata()
    expect(metadata).toMatchObject({
      cacheControl: 'public, max-age=31536000',
      metadata: { forgeJob: expect.any(String), forgeSource: expect.stringContaining('image:') },
    })
    expect(await world.temporaries()).toEqual([])
  })

  test.each(setup.deaths)(
    'killed (%s) at the write of %s: nothing is named too early, and everything is written once',
    async (moment, suffix) => {
      const { one, resource } = await world.forge()
      let seenAtDeath: Record<string, unknown> = {}
      const report = world.proxy.arm({
        k: 1,
        moment,
        match: isWriteOf(one, suffix),
        kill: async () => {
          await world.killWorker()
          seenAtDeath = (await world.readCharacter(one)).visuals
        },
      })
      await until(async () => {
        const answer = await world.deliver(resource).catch(() => null)
        if (answer) return answer.status === 204
        await world.restartWorker()
        return false
      }, 60)
      expect(report.fired).not.toBeNull()
      // After the last write's answer the transaction may have been as quick as the kill.
      const mayBeDone = moment === 'after' && suffix === suffixes.at(-1)
      if (!mayBeDone) {
        expect(seenAtDeath).toMatchObject({ showcaseProcessingStatus: 'finalizing', showcaseImageUrl: null })
        expect(seenAtDeath).not.toHaveProperty('showcaseVariants')
      }
      await expectAllPublished(one)
      expect(world.charged()).toEqual({ background: 1, upscale: 1 })
    },
    deathTimeoutMs,
  )

  test('the main image changed while outputs were written: none of them stays', async () => {
    const { one, resource } = await world.forge()
    const report = world.proxy.arm({
      k: 1,
      moment: 'unanswered', // The write is done, its answer is lost: the client finds out and goes on.
      match: isWriteOf(one, '_16.avif'),
      kill: async () => {
        await world.db.doc(`characters/${one.characterId}`).update({
          'visuals.imageUrl': 'https://example.com/other.png',
          'visuals.showcaseProcessingStatus': 'idle',
        })
      },
    })
    expect((await world.deliver(resource)).status).toBe(204)
    expect(report.fired).not.toBeNull()
    expect(await published(one)).toEqual([])
    const { visuals } = await world.readCharacter(one)
    expect(visuals).toMatchObject({ showcaseProcessingStatus: 'idle', showcaseImageUrl: null })
    expect(visuals).not.toHaveProperty('showcaseVariants')
    expect(await world.jobsOf(one)).toMatchObject([{ state: 'canceled' }])
  })

  test(
    'killed between outputs, the main image changed before the redelivery: what was written is taken back',
    async () => {
      const { one, resource } = await world.forge()
      const report = world.proxy.arm({
        k: 1,
        moment: 'after',
        match: isWriteOf(one, '.avif'),
        kill: async () => {
          await world.killWorker()
          await world.db.doc(`characters/${one.characterId}`).update({
            'visuals.imageUrl': 'https://example.com/other.png',
            'visuals.showcaseProcessingStatus': 'idle',
          })
        },
      })
      await until(async () => {
        const answer = await world.deliver(resource).catch(() => null)
        if (answer) return answer.status === 204
        expect((await published(one)).length).toBeGreaterThanOrEqual(3)
        await world.restartWorker()
        return false
      }, 60)
      expect(report.fired).not.toBeNull()
      expect(await published(one)).toEqual([])
      expect(await world.jobsOf(one)).toMatchObject([{ state: 'canceled' }])
    },
    deathTimeoutMs,
  )

  test('the character deleted while outputs were written: no output stays, not even of another configuration', async () => {
    const { one, resource } = await world.forge()
    await world.storage.bucket(appBucket).file(outputName(one, '_999.webp')).save('old', { resumable: false })
    const report = world.proxy.arm({
      k: 1,
      moment: 'unanswered',
      match: isWriteOf(one, '.webp'),
      kill: async () => {
        await world.db.doc(`characters/${one.characterId}`).delete()
      },
    })
    expect((await world.deliver(resource)).status).toBe(204)
    expect(report.fired).not.toBeNull()
    expect(await published(one)).toEqual([])
    expect((await world.readCharacter(one)).exists).toBe(false)
  })

  test('a newer picture: its variants take the places of the old, which no document names meanwhile', async () => {
    const { one, resource } = await world.forge()
    expect((await world.deliver(resource)).status).toBe(204)
    const old = await variantsOf(one)
    const [oldBytes] = await world.storage.bucket(appBucket).file(outputName(one, '_32.webp')).download()
    const { resource: newer } = await world.uploadRaw(one.uploadName, await picture(200))
    world.clipdrop.inject({ fault: { kind: 'delay', ms: 300 }, times: 1, endpoint: 'remove-background' })
    const answer = world.deliver(newer)
    await world.untilStatus(one, 'removing-background')
    expect(await variantsOf(one)).toBeUndefined()
    expect((await answer).status).toBe(204)
    world.clipdrop.assertAllFired()
    const fresh = await variantsOf(one)
    expect(Object.keys(fresh.thumbnails)).toEqual(Object.keys(old.thumbnails))
    expect(fresh.thumbnails['32']?.webp).not.toBe(old.thumbnails['32']?.webp)
    const [newBytes] = await world.storage.bucket(appBucket).file(outputName(one, '_32.webp')).download()
    expect(newBytes.equals(oldBytes)).toBe(false)
  })

  test('a redelivery of the finished job writes nothing', async () => {
    const { one, resource } = await world.forge()
    await world.deliverUntilAcknowledged(resource)
    const before = world.finalized.length
    expect((await world.deliver(resource)).status).toBe(204)
    expect(world.finalized.length).toBe(before)
    await expectAllPublished(one)
  })
}
