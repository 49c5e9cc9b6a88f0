import { FinalError } from '#shared/errors/app-error.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import type { PhotoSource as Photo } from '#shared/photos/photos-to-zip.ts'
import type { PhotoSource } from '#shared/trainings/training-jobs.ts'

/** The uploads that a training was asked for with. */
type Uploads = Extract<PhotoSource, { kind: 'uploads' }>['photos']

/** The photos of a training as they were uploaded, each read at the generation that was asked for, one at a time. */
export function* uploadedPhotos(
  deps: { store: Pick<ObjectStore, 'read'>; bucket: string; maxPhotoBytes: number },
  uploads: Uploads,
): Generator<Photo> {
  const { store, bucket, maxPhotoBytes } = deps
  for (const [index, { name, generation }] of uploads.entries()) {
    yield {
      name,
      async read() {
        const bytes = await store.read({ bucket, name }, { generation, maxBytes: maxPhotoBytes })
        if (bytes !== null) return bytes
        throw new FinalError({
          code: 'training.photo-gone',
          message: `Photo ${index + 1} is no longer there; upload the photos again.`,
          facts: { name, generation },
        })
      },
    }
  }
}

/** What holds room for the uploads of a training in its owner's storage, by the keys that the reservations were made under. */
export function reservationsOf(source: PhotoSource): string[] {
  if (source.kind === 'zip') return []
  return source.photos.map(({ name }) => name.slice(name.lastIndexOf('/') + 1).replace(/\.[a-z0-9]+$/, ''))
}
