import type { ObjectName } from '#shared/objects/object-store.ts'

/** Whose picture an upload is; the path is the only thing that says so (the app's contract). */
export interface UploadOwner {
  userId: string
  characterId: string
}

/** `raw-uploads/{userId}/{characterId}/{file}`, or null for every other object. */
export function parseUploadName(name: string): UploadOwner | null {
  const [folder, userId, characterId, file, ...rest] = name.split('/')
  if (folder !== 'raw-uploads' || !userId || !characterId || !file || rest.length > 0) return null
  // Firestore takes neither as a document id; nothing of the app's is ever called so.
  if (characterId === '.' || characterId === '..' || /^__.*__$/.test(characterId)) return null
  return { userId, characterId }
}

/** Where the result lies. The name never changes between runs. */
export function showcaseName(bucket: string, owner: UploadOwner): ObjectName {
  return { bucket, name: `${showcasePrefix(owner)}.png` }
}

/** Where a variant of the result lies, beside it: `showcase_{id}.webp`, and `showcase_{id}_{width}.webp` for a thumbnail. */
export function variantName(
  bucket: string,
  owner: UploadOwner,
  variant: { format: string; width: number | null },
): ObjectName {
  const width = variant.width === null ? '' : `_${variant.width}`
  return { bucket, name: `${showcasePrefix(owner)}${width}.${variant.format}` }
}

/** What the names of all outputs of a character begin with. */
export function showcasePrefix({ userId, characterId }: UploadOwner): string {
  return `showcase-images/${userId}/${characterId}/showcase_${characterId}`
}

/** Bytes of a step. The fence makes the name of each claim's attempt its own. */
export function stepObjectName(bucket: string, step: { jobId: string; step: string; fence: number }): ObjectName {
  return { bucket, name: `${workPrefix(step.jobId)}${step.step}-${step.fence}` }
}

export function workPrefix(jobId: string): string {
  return `work/${jobId}/`
}

/** All outputs of a character, for whoever removes them. */
export function showcaseFolder({ userId, characterId }: UploadOwner): string {
  return `showcase-images/${userId}/${characterId}/`
}

/** All uploads of a character. The app's gallery points at them. */
export function uploadFolder({ userId, characterId }: UploadOwner): string {
  return `raw-uploads/${userId}/${characterId}/`
}
