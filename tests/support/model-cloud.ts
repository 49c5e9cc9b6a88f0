import type { Firestore } from '@google-cloud/firestore'
import { Storage } from '@google-cloud/storage'
import { type LocalCloud, localBuckets, localProject } from '#local/cloud.ts'
import { freePort, startService } from '#local/service-process.ts'
import { serviceTable } from '#local/services.ts'
import { startTemporaryCloud } from '#local/temporary-cloud.ts'
import { connectFirestore } from './documents.ts'

/** The local cloud, with model sync and the events of its documents or with nobody who works. */
export interface ModelCloud {
  cloud: LocalCloud
  /** Where it keeps its data, its keys among it. */
  dataDir: string
  db: Firestore
  storage: Storage
  /** What `forge` gets as its environment. */
  env: Record<string, string>
  /** The fields of a model of CivitAI's stand-in with one file. */
  addCivitaiModel(sizeBytes: number): { civitaiModelId: string; versionId: string; sha256: string }
  /** Names in the models bucket. */
  objects(): Promise<string[]>
  /** From then on nobody works. */
  stopService(): Promise<void>
  close(): Promise<void>
}

export async function startModelCloud(options: {
  service: boolean
  env?: Record<string, string>
}): Promise<ModelCloud> {
  const port = await freePort()
  const serviceUrl = `http://127.0.0.1:${port}`
  const row = serviceTable.find(({ name }) => name === 'model-sync')
  const triggers = options.service && row ? row.triggers(serviceUrl) : []
  const { cloud, dataDir, close } = await startTemporaryCloud({ triggers })
  const env = {
    ...cloud.environmentFor(serviceUrl),
    CIVITAI_REQUESTS_PER_MINUTE: '6000',
    SYNC_PART_BYTES: String(256 * 1024),
    SYNC_COPY_WAIT_MS: '1000',
    LOG_LEVEL: 'error',
    ...options.env,
  }
  const service = options.service
    ? await startService({ name: 'model-sync', port, env: { PATH: process.env.PATH, ...env }, output: 'stderr' })
    : null
  const db = connectFirestore(cloud.documentsHost, localProject)
  const { bucket } = cloud
  const storage = new Storage({ apiEndpoint: bucket.url, projectId: localProject, useAuthWithCustomEndpoint: false })
  let seed = 0
  return {
    cloud,
    dataDir,
    db,
    storage,
    env,
    addCivitaiModel(sizeBytes) {
      seed += 1
      const content = { kind: 'safetensors', sizeBytes, seed } as const
      const { id, versions } = cloud.hubs.civitai.addModel({ versions: [{ files: [{ content }] }] })
      const [version] = versions
      const sha256 = version?.files[0]?.hosted?.sha256 ?? ''
      return { civitaiModelId: String(id), versionId: String(version?.id), sha256 }
    },
    async objects() {
      const [files] = await storage.bucket(localBuckets.models).getFiles()
      return files.map(({ name }) => name)
    },
    async stopService() {
      await service?.stop()
    },
    async close() {
      await service?.stop()
      await db.terminate()
      await close()
    },
  }
}
