import { randomUUID } from 'node:crypto'
import { Timestamp } from '@google-cloud/firestore'
import type { AppClients } from './clients.ts'

export interface ForgedCharacter {
  characterId: string
  userId: string
  uploadName: string
}

/**
 * Does what the app does when somebody forges a character: uploads the picture under `raw-uploads/` (the name always
 * ends in .png, whatever the bytes are) and creates the document afterwards, in a transaction.
 */
export async function forgeCharacter(
  clients: AppClients,
  params: { bucket: string; picture: Buffer; contentType: string; name: string },
): Promise<ForgedCharacter> {
  const userId = 'local-user'
  const document = clients.firestore.collection('characters').doc()
  const uploadName = `raw-uploads/${userId}/${document.id}/${randomUUID()}.png`
  const file = clients.storage.bucket(params.bucket).file(uploadName)
  await file.save(params.picture, {
    resumable: false,
    public: true,
    metadata: { contentType: params.contentType, cacheControl: 'public, max-age=31536000' },
  })
  const imageUrl = file.publicUrl()
  await clients.firestore.runTransaction(async (transaction) => {
    transaction.create(document, newCharacter({ name: params.name, userId, imageUrl }))
  })
  return { characterId: document.id, userId, uploadName }
}

/** The document as the app creates it: with a main image, and no showcase yet. */
export function newCharacter({ name, userId, imageUrl }: { name: string; userId: string; imageUrl: string }) {
  return {
    core: { name },
    visuals: {
      imageUrl,
      gallery: [imageUrl],
      showcaseImageUrl: null,
      isShowcaseProcessed: false,
      showcaseProcessingStatus: 'idle',
    },
    meta: { userId, status: 'private', createdAt: Timestamp.now() },
  }
}
