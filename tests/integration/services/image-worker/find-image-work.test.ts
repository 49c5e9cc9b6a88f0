import { createJobRequests } from '#shared/jobs/job-requests.ts'
import { loadOperations } from '../../../../services/image-worker/app.ts'
import { startTestDocuments } from '../../../support/documents.ts'

test('finds characters that ask and have no job, from when on nobody uploads for them any more', async () => {
  const { db, close } = await startTestDocuments()
  try {
    const { findImageWork, requestShowcase } = await loadOperations()
    const add = (id: string, status: string) =>
      db.doc(`characters/${id}`).set({
        visuals: { imageUrl: `https://example.com/${id}.png`, showcaseProcessingStatus: status },
        meta: { userId: 'ann' },
      })
    const { writeTime } = await add('asks', 'removing-background')
    await add('live', 'upscaling')
    await add('idle', 'idle')
    await add('done', 'complete')
    await add('ended', 'failed')
    const jobs = createJobRequests({ db, wakeQueue: null, deadlineMs: 1000 })
    const request = await requestShowcase({ db, jobs }, { characterId: 'ended' })
    await db.doc(`jobs/${'jobId' in request && request.jobId}`).update({ state: 'canceled' })

    const found = await findImageWork(db, { liveCharacterIds: new Set(['live']), patienceMs: 60_000 })
    expect(found.map(({ input }) => input)).toMatchObject([
      { source: 'main-image', characterId: 'asks', userId: 'ann', imageUrl: 'https://example.com/asks.png' },
    ])
    expect(found[0]?.dueAt.getTime()).toBe(writeTime.toMillis() + 60_000)
    // The same wish is the same job, for whoever finds it.
    const again = await findImageWork(db, { liveCharacterIds: new Set(['live']), patienceMs: 0 })
    expect(again[0]?.jobId).toBe(found[0]?.jobId)
  } finally {
    await close()
  }
})
