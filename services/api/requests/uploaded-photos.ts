import type { ObjectFacts } from '#shared/objects/object-facts.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { uploadPrefix } from '#shared/trainings/training-places.ts'
import { type FieldProblem, invalidRequest } from '../http/parse-part.ts'

/** An uploaded photo as it is now. */
interface UploadedPhoto {
  name: string
  generation: string
  sizeBytes: number
  /** Its bytes decide it. */
  hash: string
}

const LOOK_CONCURRENCY = 16
/** What `POST /api/uploads` makes. Directly below the prefix: a user id may hold a slash, and one prefix begin another. */
const UPLOAD_NAME = /^[a-z2-7]{20}\.(?:jpg|png|webp)$/

/**
 * Looks a user's uploads up.
 * @throws CallerError 422 for names that are not theirs (said like those that are not there) and photos that are too large.
 */
export async function findUploadedPhotos(
  store: ObjectStore,
  wish: { bucket: string; userId: string; names: readonly string[]; maxPhotoBytes: number },
): Promise<UploadedPhoto[]> {
  const { bucket, userId, names, maxPhotoBytes } = wish
  const prefix = uploadPrefix(userId)
  const isOwn = (name: string) => name.startsWith(prefix) && UPLOAD_NAME.test(name.slice(prefix.length))
  const strangers = names.flatMap((name, index) => (isOwn(name) ? [] : [missing(index)]))
  if (strangers.length > 0) throw invalidRequest(strangers)
  const found: (ObjectFacts | null)[] = []
  for (let start = 0; start < names.length; start += LOOK_CONCURRENCY) {
    const group = names.slice(start, start + LOOK_CONCURRENCY)
    found.push(...(await Promise.all(group.map((name) => store.stat({ bucket, name })))))
  }
  const problems: FieldProblem[] = []
  const photos: UploadedPhoto[] = []
  for (const [index, facts] of found.entries()) {
    if (facts === null) {
      problems.push(missing(index))
    } else if (facts.sizeBytes > maxPhotoBytes) {
      problems.push({ path: `images.${index}`, message: `A photo may have ${maxPhotoBytes} bytes at most.` })
    } else {
      const { name, generation, sizeBytes, crc32c } = facts
      // Without a checksum it is like no other photo.
      photos.push({ name, generation, sizeBytes, hash: `crc32c:${crc32c ?? `${name}#${generation}`}:${sizeBytes}` })
    }
  }
  if (problems.length > 0) throw invalidRequest(problems)
  return photos
}

function missing(index: number): FieldProblem {
  return { path: `images.${index}`, message: 'There is no such upload of yours; it may have been used or removed.' }
}
