import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClients } from '#local/app/clients.ts'
import { forgeCharacter } from '#local/app/forge-character.ts'
import { startBucketServer } from '#local/bucket/server.ts'
import { localBuckets } from '#local/cloud.ts'
import { startDocumentServer } from '#local/documents/server.ts'
import type { PostRequest } from './http-bytes.ts'
import { ignoredEvent } from './worker-environment.ts'

/** An upload that waits for its event. */
export interface UploadedPicture {
  event: PostRequest
  /** The character's status and the size of its showcase in bytes. */
  outcome(): Promise<{ status: string; sizeBytes: number }>
}

/** Storage and documents for pictures, and the app that uploads them. */
export interface PictureWorld {
  bucketUrl: string
  documentsHost: string
  upload(picture: Buffer, contentType: string): Promise<UploadedPicture>
  close(): Promise<void>
}

export async function openPictureWorld(): Promise<PictureWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-pictures-'))
  const bucket = await startBucketServer({ port: 0, dataDir, durability: 'process' })
  for (const name of Object.values(localBuckets)) await bucket.createBucket(name)
  const documents = await startDocumentServer({ port: 0, dataDir: null })
  const servers = { bucketUrl: bucket.url, documentsHost: documents.host }
  const clients = openClients(servers)
  const app = clients.storage.bucket(localBuckets.app)
  return {
    ...servers,
    async upload(picture, contentType) {
      const forged = await forgeCharacter(clients, { bucket: localBuckets.app, picture, contentType, name: 'Bench' })
      const { characterId, userId, uploadName } = forged
      const [resource] = await app.file(uploadName).getMetadata()
      const headers = { ...ignoredEvent.headers, 'ce-subject': `objects/${uploadName}` }
      return {
        event: { ...ignoredEvent, headers, body: JSON.stringify(resource) },
        async outcome() {
          const document = await clients.firestore.doc(`characters/${characterId}`).get()
          const showcase = app.file(`showcase-images/${userId}/${characterId}/showcase_${characterId}.png`)
          const [metadata] = await showcase.getMetadata().catch(() => [{ size: 0 }])
          return {
            status: String(document.get('visuals.showcaseProcessingStatus')),
            sizeBytes: Number(metadata.size),
          }
        },
      }
    },
    async close() {
      await clients.close()
      await documents.close()
      await bucket.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Delivers an event and waits for its acknowledgement. @throws Error when it is refused. */
export async function deliver(url: string, { path, headers, body }: PostRequest): Promise<void> {
  const answer = await fetch(new URL(path, url), { method: 'POST', headers, body })
  if (answer.status !== 204) throw new Error(`The event was answered with ${answer.status}: ${await answer.text()}`)
}
