import { randomUUID } from 'node:crypto'
import sharp from 'sharp'
import { newCharacter } from '#local/app/forge-character.ts'

export const appBucket = 'app-bucket'
export const workBucket = 'work-bucket'

export interface ImageCase {
  userId: string
  characterId: string
  uploadName: string
}

export function newCase(): ImageCase {
  const userId = `user-${randomUUID().slice(0, 8)}`
  const characterId = `character-${randomUUID().slice(0, 8)}`
  return { userId, characterId, uploadName: `raw-uploads/${userId}/${characterId}/${randomUUID()}.png` }
}

/** Where the result is published, in the app's bucket. */
export function resultName({ userId, characterId }: ImageCase): string {
  return `showcase-images/${userId}/${characterId}/showcase_${characterId}.png`
}

/** A small picture with something in the middle; `hue` makes two of them differ. */
export async function picture(hue = 0, format: 'png' | 'jpeg' | 'webp' = 'jpeg'): Promise<Buffer> {
  const disc = Buffer.from(
    `<svg width="64" height="64"><circle cx="32" cy="32" r="20" fill="hsl(${hue} 90% 45%)"/></svg>`,
  )
  return await sharp({ create: { width: 64, height: 64, channels: 3, background: '#f4f4f0' } })
    .composite([{ input: disc }])
    .toFormat(format)
    .toBuffer()
}

/** The document as the app creates it. */
export function characterDocument({ userId }: ImageCase, imageUrl: string) {
  return newCharacter({ name: 'Zoë', userId, imageUrl })
}
