import { forgeHere } from '../../support/forge.ts'
import { startModelCloud } from '../../support/model-cloud.ts'

test('finds a forgotten sync and wakes it through the queue of model sync', async () => {
  const { db, env, close } = await startModelCloud({ service: false, env: { STUCK_AFTER_MS: '0' } })
  try {
    await db.doc('ai_models/lost').set({ syncStatus: 'syncing', civitaiModelId: '1001' })
    const run = await forgeHere(['reconcile', 'model-sync', '--json'], env)
    expect(run.records()).toEqual([
      {
        type: 'reconciled',
        service: 'model-sync',
        wokenJobs: 0,
        startedModels: 1,
        retriedModels: 0,
        cleanedJobs: 0,
        finishedEvictions: 0,
        releasedRooms: 0,
      },
    ])
    const { docs } = await db.collection('jobs').get()
    expect(docs.map((found) => found.get('key'))).toEqual([expect.stringMatching(/^sync:lost#/)])
  } finally {
    await close()
  }
})
