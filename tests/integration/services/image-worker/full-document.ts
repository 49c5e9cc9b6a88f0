import type { StartDocuments } from '../../../support/documents.ts'
import { fullDocument } from '../../../support/full-document.ts'
import { appBucket, resultName } from '../../../support/image-case.ts'
import { useImageWorld } from '../../../support/image-world.ts'

/** Too few for the job's id beside the status. */
const NO_ROOM = 10
/** Enough for that, not for the URL of a result, nor for a code and a sentence. */
const ROOM_FOR_STATUS = 110

/** Characters near Firestore's limit of 1 MiB: what the job has to say does not fit, but it ends, and so does the spinner. */
export function fullCharacters(documents: StartDocuments): void {
  const world = useImageWorld(() => ({ documents, env: { LEASE_MS: '2000' } }))

  /** An upload whose character asks for a showcase, as the app's "process" does, and has so many bytes left. */
  async function askWith(freeBytes: number) {
    const made = await world.forge()
    const ref = world.db.doc(`characters/${made.one.characterId}`)
    const { visuals, ...fields } = (await ref.get()).data() ?? {}
    const asking = { ...fields, visuals: { ...visuals, showcaseProcessingStatus: 'removing-background' } }
    await ref.set(fullDocument(ref, asking, freeBytes))
    return { ...made, ref }
  }

  test('no room for the job that works on it: it failed before anything was paid', async () => {
    const { one, resource } = await askWith(NO_ROOM)
    expect((await world.deliver(resource)).status).toBe(204)
    expect(await world.statusOf(one)).toBe('failed')
    expect(world.charged()).toEqual({ background: 0, upscale: 0 })
    const failure = { code: 'documents.invalid-argument', told: 'status' }
    expect(await world.jobsOf(one)).toMatchObject([{ state: 'failed', failure, claims: 1, dueAt: null }])
  })

  test('no room for the URL of the result: it failed, is paid once, and is made anew once there is room', async () => {
    const { one, resource, ref } = await askWith(ROOM_FOR_STATUS)
    for (let delivery = 0; delivery < 2; delivery++) expect((await world.deliver(resource)).status).toBe(204)
    const { visuals } = await world.readCharacter(one)
    expect(visuals).toMatchObject({ showcaseProcessingStatus: 'failed', showcaseImageUrl: null })
    expect(visuals).not.toHaveProperty('showcaseError')
    expect(world.charged()).toEqual({ background: 1, upscale: 1 })
    const [job] = await world.jobsOf(one)
    expect(job).toMatchObject({
      state: 'failed',
      failure: { code: 'documents.invalid-argument', message: expect.stringContaining('1 MiB'), told: 'status' },
    })
    expect(Object.keys(job!.steps).sort()).toEqual(['remove-background', 'upscale'])
    expect(await world.temporaries()).toEqual([])
    // As after any other failure: what nobody was shown lies there until the next run writes over it.
    expect(world.finalized).toContain(`${appBucket}/${resultName(one)}`)

    await ref.update({ padding: '', 'visuals.showcaseProcessingStatus': 'removing-background' })
    const again = await world.uploadRaw(
      one.uploadName,
      Buffer.from(await (await fetch(String(visuals.imageUrl))).arrayBuffer()),
    )
    expect((await world.deliver(again.resource)).status).toBe(204)
    expect((await world.readCharacter(one)).visuals).toMatchObject({ showcaseProcessingStatus: 'complete' })
  })
}
