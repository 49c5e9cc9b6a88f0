import type { StartDocuments } from '../../../support/documents.ts'
import { type ImageCase, newCase, picture } from '../../../support/image-case.ts'
import { useImageWorld } from '../../../support/image-world.ts'

const imagesPerDay = 3
const jobsPerHour = 2

/** What bounds the spending: the cap a user and day, and the breaker a character and hour. */
export function limits(documents: StartDocuments): void {
  const world = useImageWorld(() => ({
    documents,
    env: { IMAGES_PER_DAY: String(imagesPerDay), JOBS_PER_HOUR: String(jobsPerHour) },
  }))

  /** A character of `userId` with its picture uploaded; the event not yet delivered. */
  async function forged(userId: string) {
    const { characterId } = newCase()
    const uploadName = `raw-uploads/${userId}/${characterId}/first.png`
    return await world.forge({ one: { userId, characterId, uploadName } })
  }

  const usage = async (userId: string) => (await world.db.doc(`usage/${userId}`).get()).get('daily.images')
  const showcase = async (one: ImageCase) => (await world.readCharacter(one)).visuals

  test('twenty pictures of one user at once against a cap of three: exactly three run, the others say when', async () => {
    const { userId } = newCase()
    const all = await Promise.all(Array.from({ length: 20 }, () => forged(userId)))
    const before = Date.now()
    await Promise.all(all.map(({ resource }) => world.deliverUntilAcknowledged(resource)))
    const shown = await Promise.all(all.map(({ one }) => showcase(one)))
    expect(shown.filter((visuals) => visuals.showcaseProcessingStatus === 'complete')).toHaveLength(imagesPerDay)
    const refused = shown.filter((visuals) => visuals.showcaseProcessingStatus === 'failed')
    expect(refused).toHaveLength(20 - imagesPerDay)
    for (const visuals of refused) {
      expect(visuals.isShowcaseProcessed).toBe(false)
      expect(visuals.showcaseError).toEqual({ code: 'image.daily-cap', message: expect.any(String) })
      const { message } = visuals.showcaseError as { message: string }
      const possibleAt = new Date(/possible after (\S+)\.$/.exec(message)?.[1] ?? '').getTime()
      expect(possibleAt % 86_400_000).toBe(0)
      expect(possibleAt).toBeGreaterThan(before)
      expect(possibleAt).toBeLessThanOrEqual(Date.now() + 86_400_000)
    }
    expect(world.charged()).toEqual({ background: imagesPerDay, upscale: imagesPerDay })
    expect(await usage(userId)).toEqual({ day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), count: imagesPerDay })
    expect(await world.temporaries()).toEqual([])
  })

  test('a new day and another user have their own count', async () => {
    const { userId } = newCase()
    await world.db.doc(`usage/${userId}`).set({ daily: { images: { day: '2000-01-01', count: imagesPerDay } } })
    const { one, resource } = await forged(userId)
    expect((await world.deliver(resource)).status).toBe(204)
    expect(await showcase(one)).toMatchObject({ showcaseProcessingStatus: 'complete' })
    expect(await usage(userId)).toMatchObject({ count: 1 })
  })

  test('a picture over the cap that a newer one has replaced leaves the newer showcase alone', async () => {
    const { one, resource: older } = await forged(newCase().userId)
    const newer = await world.uploadRaw(one.uploadName.replace('first', 'second'), await picture(120))
    // A reprocess: the newer is a copy of the main image, which the older one still is.
    await world.db.doc(`characters/${one.characterId}`).update({ 'visuals.showcaseProcessingStatus': 'upscaling' })
    expect((await world.deliver(newer.resource)).status).toBe(204)
    const shown = await showcase(one)
    expect(shown.showcaseProcessingStatus).toBe('complete')
    const day = new Date().toISOString().slice(0, 10)
    await world.db.doc(`usage/${one.userId}`).set({ daily: { images: { day, count: imagesPerDay } } })
    expect((await world.deliver(older)).status).toBe(204)
    expect(await showcase(one)).toEqual(shown)
    const ends = (await world.jobsOf(one)).map((job) => job.failure?.code ?? job.state)
    expect(ends.sort()).toEqual(['done', 'image.daily-cap'])
  })

  test('the breaker stops a character with too many runs an hour, says when, and takes no place of the day', async () => {
    const { one, resource } = await forged(newCase().userId)
    expect((await world.deliver(resource)).status).toBe(204)
    for (const file of ['second', 'third']) {
      await world.db.doc(`characters/${one.characterId}`).update({ 'visuals.showcaseProcessingStatus': 'upscaling' })
      const again = await world.uploadRaw(one.uploadName.replace('first', file), await picture(60))
      expect((await world.deliver(again.resource)).status).toBe(204)
    }
    expect(await showcase(one)).toMatchObject({
      showcaseProcessingStatus: 'failed',
      isShowcaseProcessed: false,
      showcaseError: { code: 'job.too-many', message: expect.stringMatching(/^More than 2 runs .* after \S+Z\.$/) },
    })
    expect(world.charged()).toEqual({ background: jobsPerHour, upscale: jobsPerHour })
    expect(await usage(one.userId)).toMatchObject({ count: jobsPerHour })
  })

  test('the record of a finished job holds what it cost: credits, and the times of its steps', async () => {
    const { one, resource } = await forged(newCase().userId)
    expect((await world.deliver(resource)).status).toBe(204)
    const [job] = await world.jobsOf(one)
    expect(job).toMatchObject({ state: 'done', credits: { clipdrop: 2 }, lostCalls: {}, claims: 1 })
    const steps = ['remove-background', 'upscale'].map((name) => job!.steps[name]!)
    const times = [job!.createdAt, ...steps.flatMap((step) => [step.startedAt, step.finishedAt]), job!.finishedAt!]
    const inOrder = times.map((time) => time.toMillis())
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b))
  })
}
