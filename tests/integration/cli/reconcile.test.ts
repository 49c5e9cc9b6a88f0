import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyPorts, localProject, startCloud } from '#local/cloud.ts'
import { silentLogger } from '#shared/logging/logger.ts'
import { connectFirestore } from '../../support/documents.ts'
import { forgeHere } from '../../support/forge.ts'

test('finds a forgotten sync and wakes it through the queue of model sync, and has no other service', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'forge-reconcile-'))
  const cloud = await startCloud({
    dataDir,
    ports: anyPorts,
    triggers: [],
    documentsHost: null,
    logger: silentLogger,
  })
  const db = connectFirestore(cloud.documentsHost, localProject)
  try {
    await db.doc('ai_models/lost').set({ syncStatus: 'syncing', civitaiModelId: '1001' })
    const env = { ...cloud.environmentFor('http://127.0.0.1:1'), STUCK_AFTER_MS: '0' }
    const run = await forgeHere(['reconcile', 'model-sync', '--json'], env)
    expect(run.records()).toEqual([
      { type: 'reconciled', service: 'model-sync', wokenJobs: 0, startedModels: 1, retriedModels: 0, cleanedJobs: 0 },
    ])
    const { docs } = await db.collection('jobs').get()
    expect(docs.map((found) => found.get('key'))).toEqual([expect.stringMatching(/^sync:lost#/)])
    expect((await forgeHere(['reconcile', 'api'], env)).exitCode).toBe(2)
  } finally {
    await db.terminate()
    await cloud.close()
    await rm(dataDir, { recursive: true, force: true })
  }
})
