import type { PhotoSource } from '#shared/trainings/training-jobs.ts'
import type { ApiClients } from '../api-clients.ts'
import type { ApiContext } from '../api-context.ts'
import type { TrainingWish } from './training-wish.ts'
import { findUploadedPhotos } from './uploaded-photos.ts'
import { checkZipUrl } from './zip-url.ts'

/** Where the photos come from, as far as that is known before anybody has fetched them. */
export interface TrainingSource {
  photos: PhotoSource
  /** One text a photo; null for a ZIP, whose photos nobody has seen yet. */
  hashes: readonly string[] | null
}

/** Looks at what a training is asked of. @throws CallerError 422 for what cannot be taken. */
export async function lookAtSource(
  context: ApiContext,
  { store }: Pick<ApiClients, 'store'>,
  wish: { userId: string; source: TrainingWish['source'] },
): Promise<TrainingSource> {
  const { userId, source } = wish
  if (source.kind === 'zip') {
    await checkZipUrl(context, source.url)
    return { photos: { kind: 'zip', url: source.url }, hashes: null }
  }
  const found = await findUploadedPhotos(store, {
    bucket: context.config.WORK_BUCKET,
    userId,
    names: source.names,
    maxPhotoBytes: context.config.MAX_PHOTO_BYTES,
  })
  return {
    photos: {
      kind: 'uploads',
      photos: found.map(({ name, generation, sizeBytes }) => ({ name, generation, sizeBytes })),
    },
    hashes: found.map(({ hash }) => hash),
  }
}
