import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClients } from '#local/app/clients.ts'
import { followSync } from '#local/app/follow-sync.ts'
import { localBuckets } from '#local/cloud.ts'
import { startDocumentServer } from '#local/documents/server.ts'
import { createEventDelivery } from '#local/events/delivery.ts'
import { freePort } from '#local/service-process.ts'
import { serviceTable } from '#local/services.ts'
import { startTaskServer } from '#local/tasks/server.ts'
import { buildService } from '../bundles.ts'
import { type BenchProcess, startProcess } from '../process.ts'
import { syncEnvironment } from '../sync-environment.ts'
import { startChild } from './child.ts'
import { type OfferedFile, type Source, startSource } from './source.ts'

/** Model sync's bundle with all that it has in the cloud; source and bucket server are processes of their own. */
export interface SyncWorld {
  source: Source
  bucketUrl: string
  startService(): Promise<BenchProcess>
  /** Asks the running service for a file as the app does. @returns seconds from the asking to `synced`. */
  sync(file: OfferedFile): Promise<number>
  /** So that the disk holds one copy at a time. */
  emptyBucket(): Promise<void>
  close(): Promise<void>
}

const timeoutMs = 600_000

export async function openSyncWorld(): Promise<SyncWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-sync-'))
  const source = await startSource()
  const bucket = await startChild<object, { url: string }>('./bucket-process.ts', [dataDir, localBuckets.models])
  const bucketUrl = bucket.ready.url
  const port = await freePort()
  const serviceUrl = `http://127.0.0.1:${port}`
  const triggers = serviceTable.find(({ name }) => name === 'model-sync')?.triggers(serviceUrl) ?? []
  const delivery = createEventDelivery({ dataDir: null, triggers })
  const documents = await startDocumentServer({
    port: 0,
    dataDir: null,
    onChange: (change) => delivery.publishDocument(change),
  })
  const tasks = await startTaskServer({ port: 0, dataDir: null })
  const env = {
    ...syncEnvironment({
      bucketUrl,
      documentsHost: documents.host,
      fileHostUrl: source.url,
      tasksUrl: tasks.url,
      jwksUrl: tasks.jwksUrl,
      serviceUrl,
    }),
    PORT: String(port),
  }
  const file = await buildService('model-sync')
  const clients = openClients({ documentsHost: documents.host, bucketUrl })
  const models = clients.firestore.collection('ai_models')
  const bucketOfModels = clients.storage.bucket(localBuckets.models)
  /** The copy removes its parts after it has told of its end: not in the next measurement's time. */
  const untilTidy = async () => {
    await delivery.idle()
    for (;;) {
      const [parts] = await bucketOfModels.getFiles({ prefix: 'work/' })
      if (parts.length === 0) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  return {
    source,
    bucketUrl,
    startService: () => startProcess(file, env, '/health/ready'),
    async sync({ url, sha256, sizeBytes }) {
      const document = models.doc()
      const began = performance.now()
      await document.create({
        name: document.id,
        type: 'model',
        engine: 'url',
        sourceUrl: url,
        sourceSha256: sha256,
        userId: null,
        syncStatus: 'syncing',
      })
      const signal = AbortSignal.timeout(timeoutMs)
      const synced = await followSync(clients, document, { signal, onProgress: () => {} })
      const seconds = (performance.now() - began) / 1000
      if (synced.sha256 !== sha256 || synced.sizeBytes !== sizeBytes) throw new Error('The wrong file was synced.')
      await untilTidy()
      return seconds
    },
    async emptyBucket() {
      await bucketOfModels.deleteFiles({ force: true })
    },
    async close() {
      await clients.close()
      await tasks.close()
      await delivery.close()
      await documents.close()
      await bucket.stop()
      await source.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
