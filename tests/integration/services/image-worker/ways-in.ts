import sharp from 'sharp'
import type { StartDocuments } from '../../../support/documents.ts'
import { appBucket, type ImageCase, newCase, picture } from '../../../support/image-case.ts'
import { useImageWorld } from '../../../support/image-world.ts'
import { until } from '../../../support/until.ts'

const stuckAfterMs = 300

/** The app's three ways to ask for a showcase; each test writes exactly what the app writes. */
export function waysIn(documents: StartDocuments): void {
  const world = useImageWorld(() => ({ documents, env: { STUCK_AFTER_MS: String(stuckAfterMs) } }))

  const reconcile = async () => {
    const answer = await fetch(new URL('/internal/reconcile', world.worker.url), { method: 'POST' })
    expect(answer.status).toBe(200)
    return (await answer.json()) as { wokenJobs: number; startedCharacters: number; cleanedJobs: number }
  }
  /** Until Firestore's own clock says that the document was silent for long enough. */
  const reconcileUntilStarted = async () => {
    await until(async () => (await reconcile()).startedCharacters > 0, 100)
  }
  const askForShowcase = (one: ImageCase) =>
    world.db.doc(`characters/${one.characterId}`).update({
      'visuals.isShowcaseProcessed': false,
      'visuals.showcaseImageUrl': null,
      'visuals.showcaseProcessingStatus': 'removing-background',
    })

  test('create: the upload first, its event early, the document in a transaction afterwards', async () => {
    const one = newCase()
    const { resource, url } = await world.uploadRaw(one.uploadName, await picture())
    expect((await world.deliver(resource)).status).toBe(503)
    await world.createCharacter(one, url)
    expect((await world.deliver(resource)).status).toBe(204)
    const { visuals } = await world.readCharacter(one)
    expect(visuals).toMatchObject({
      imageUrl: url,
      gallery: [url],
      isShowcaseProcessed: true,
      showcaseProcessingStatus: 'complete',
    })
    // The raw upload is what imageUrl and the gallery point at: it stays.
    expect((await world.storage.bucket(appBucket).file(one.uploadName).exists())[0]).toBe(true)
    expect((await fetch(url)).status).toBe(200)
  })

  test('reprocess: the status first, then a copy of the main image; the new result has a new URL under the old name', async () => {
    const { one, resource, url } = await world.forge({ bytes: await picture(0, 'webp'), contentType: 'image/webp' })
    expect((await world.deliver(resource)).status).toBe(204)
    const first = await world.publishedPicture(one)
    const firstUrl = (await world.readCharacter(one)).visuals.showcaseImageUrl

    await askForShowcase(one)
    const fetched = Buffer.from(await (await fetch(url)).arrayBuffer())
    const copyName = one.uploadName.replace(/[^/]+\.png$/, 'copy.png')
    const copy = await world.uploadRaw(copyName, fetched, 'image/webp')
    expect((await world.deliver(copy.resource)).status).toBe(204)

    const { visuals } = await world.readCharacter(one)
    expect(visuals).toMatchObject({ imageUrl: url, isShowcaseProcessed: true, showcaseProcessingStatus: 'complete' })
    expect(visuals.showcaseImageUrl).not.toBe(firstUrl)
    const second = await world.publishedPicture(one)
    expect(second).toMatchObject({ status: 200, contentType: 'image/png' })
    expect(second.metadata.name).toBe(first.metadata.name)
    expect(BigInt(String(second.metadata.generation))).toBeGreaterThan(BigInt(String(first.metadata.generation)))
    expect(world.charged()).toEqual({ background: 2, upscale: 2 })
  })

  test('the old path: only the status is set; the reconciler takes the main image, an upload of the user’s', async () => {
    const { one, url } = await world.forge()
    await askForShowcase(one)
    await reconcileUntilStarted()
    const { visuals } = await world.readCharacter(one)
    expect(visuals).toMatchObject({ isShowcaseProcessed: true, showcaseProcessingStatus: 'complete' })
    expect((await world.publishedPicture(one)).status).toBe(200)
    expect(await world.jobsOf(one)).toMatchObject([{ state: 'done', input: { source: 'main-image', imageUrl: url } }])
    expect(await world.temporaries()).toEqual([])
  })

  test('the old path again, after it was done once: a new wish is a new job', async () => {
    const { one, resource } = await world.forge()
    expect((await world.deliver(resource)).status).toBe(204)
    for (const runs of [2, 3]) {
      await askForShowcase(one)
      await reconcileUntilStarted()
      expect(await world.statusOf(one)).toBe('complete')
      expect(world.charged()).toEqual({ background: runs, upscale: runs })
    }
  })

  test('a main image at an address that is not public is not fetched: failed, with a sentence', async () => {
    const one = newCase()
    await world.createCharacter(one, 'http://169.254.169.254/computeMetadata/v1/')
    await askForShowcase(one)
    await reconcileUntilStarted()
    const { visuals } = await world.readCharacter(one)
    expect(visuals).toMatchObject({
      isShowcaseProcessed: false,
      showcaseProcessingStatus: 'failed',
      showcaseError: { code: expect.stringMatching(/^guard\./), message: expect.stringMatching(/\.$/) },
      showcaseJobId: expect.any(String),
    })
  })

  test('another user’s upload as main image is not read with our rights', async () => {
    const victim = newCase()
    const secret = await world.uploadRaw(victim.uploadName, await picture())
    await world.storage.bucket(appBucket).file(victim.uploadName).makePrivate()
    const one = newCase()
    await world.createCharacter(one, secret.url)
    await askForShowcase(one)
    await reconcileUntilStarted()
    expect((await world.readCharacter(one)).visuals).toMatchObject({
      showcaseProcessingStatus: 'failed',
      showcaseImageUrl: null,
    })
  })

  test('no main image at all, or no owner: failed instead of a spinner for ever', async () => {
    const withoutImage = newCase()
    await world.db.doc(`characters/${withoutImage.characterId}`).set({
      visuals: { showcaseProcessingStatus: 'upscaling' },
      meta: { userId: withoutImage.userId },
    })
    const withoutOwner = newCase()
    await world.db
      .doc(`characters/${withoutOwner.characterId}`)
      .set({ visuals: { showcaseProcessingStatus: 'finalizing' } })
    const failed = async (one: ImageCase) => (await world.statusOf(one)) === 'failed'
    await until(async () => {
      await reconcile()
      return (await failed(withoutImage)) && (await failed(withoutOwner))
    }, 100)
    expect((await world.readCharacter(withoutImage)).visuals.showcaseError).toMatchObject({ code: 'image.no-picture' })
    expect((await world.readCharacter(withoutOwner)).visuals.showcaseError).toMatchObject({ code: 'image.no-owner' })
  })

  test('a main image whose URL fills the document: failed, and nobody else is kept waiting for it', async () => {
    const endless = newCase()
    await world.db.doc(`characters/${endless.characterId}`).set({
      visuals: {
        imageUrl: `https://example.com/${'a'.repeat(600_000)}`,
        showcaseProcessingStatus: 'removing-background',
      },
      meta: { userId: endless.userId },
    })
    const failed = async () => (await world.statusOf(endless)) === 'failed'
    await until(async () => {
      await reconcile()
      return await failed()
    }, 100)
    expect((await world.readCharacter(endless)).visuals.showcaseError).toMatchObject({ code: 'image.no-picture' })
  })

  test('a transparent picture is already cut out: no background removal is paid, its alpha is kept', async () => {
    const cutOut = await sharp({ create: { width: 60, height: 40, channels: 4, background: '#0000' } })
      .composite([{ input: { create: { width: 20, height: 20, channels: 4, background: '#c00' } }, left: 20, top: 10 }])
      .png()
      .toBuffer()
    const { one, resource } = await world.forge({ bytes: cutOut, contentType: 'image/png' })
    expect((await world.deliver(resource)).status).toBe(204)
    expect(world.charged()).toEqual({ background: 0, upscale: 1 })
    const { bytes } = await world.publishedPicture(one)
    const corner = await sharp(bytes).extract({ left: 0, top: 0, width: 4, height: 4 }).raw().toBuffer()
    expect(corner[3]).toBe(0)
  })

  test('bytes that are no picture under a .png name: failed with a code and a sentence, acknowledged', async () => {
    const bytes = Buffer.from('<!doctype html><p>Not found')
    const { one, resource } = await world.forge({ bytes, contentType: 'image/png' })
    expect((await world.deliver(resource)).status).toBe(204)
    expect((await world.readCharacter(one)).visuals).toMatchObject({
      showcaseProcessingStatus: 'failed',
      showcaseError: { code: 'image.not-a-picture' },
    })
    expect(world.charged()).toEqual({ background: 0, upscale: 0 })
  })
}
