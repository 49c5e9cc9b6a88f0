import { createHash } from 'node:crypto'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import { checkPhotoCount, type PhotoSource as Photo, photosToZip } from '#shared/photos/photos-to-zip.ts'
import { photoLimits } from '#shared/photos/training-photo.ts'
import type { TrainingStartInput } from '#shared/trainings/training-jobs.ts'
import { trainingZipName } from '#shared/trainings/training-places.ts'
import { archivedPhotos } from './archived-photos.ts'
import { fetchArchive } from './fetch-archive.ts'
import { uploadedPhotos } from './photo-uploads.ts'
import { readWindow } from './read-window.ts'
import type { StartDeps } from './start-deps.ts'
import { checkWanted } from './wanted.ts'
import { writeOver } from './write-over.ts'

/** The photos' archive as it lies in the work bucket. */
export interface PreparedPhotos {
  photoCount: number
  sizeBytes: number
  generation: string
  /** Of the archive, lower-case hex: the same photos make the same. */
  sha256: string
}

/** While an archive is fetched, no more often than this. */
const lookEveryMs = 2_000

/** Where a job keeps what it fetched. */
export function workPrefix(jobId: string): string {
  return `work/${jobId}/`
}

/**
 * From what its owner gave to the one archive that the trainer gets: upright, small enough, without a word about places and
 * cameras. Nothing is held but one photo.
 * @throws FinalError `photo.…`, `archive.…`, `guard.…`, `training.…`: all of them sentences for the owner
 */
export async function preparePhotos(deps: StartDeps, run: JobRun<TrainingStartInput>): Promise<PreparedPhotos> {
  const { count, photos } = await photosOf(deps, run)
  checkPhotoCount(count, deps.limits.photos)
  // Not while an archive is fetched: somebody's slow server would keep the others waiting.
  return await deps.photoPlaces.hold(run.signal, () => pack(deps, run, { count, photos }))
}

async function pack(deps: StartDeps, run: JobRun<TrainingStartInput>, taken: TakenPhotos): Promise<PreparedPhotos> {
  const { db, workBucket, limits, scanner } = deps
  const { trainingId: id, userId } = run.input
  const { count, photos } = taken
  const hash = createHash('sha256')
  const chunks = photosToZip(
    whileWanted(photos, () => checkWanted(db, id)),
    {
      photoLimits: { ...photoLimits, maxBytes: limits.maxPhotoBytes },
      ...(limits.photos === undefined ? {} : { limits: limits.photos }),
      scanner,
      signal: run.signal,
      onPhoto: (done) => run.report({ phase: 'photos', done, total: count }),
    },
  )
  const { sizeBytes, generation } = await writeOver(deps, {
    target: { bucket: workBucket, name: trainingZipName({ userId, id }) },
    chunks: hashed(chunks, hash),
    signal: run.signal,
  })
  return { photoCount: count, sizeBytes, generation, sha256: hash.digest('hex') }
}

interface TakenPhotos {
  count: number
  photos: Iterable<Photo> | AsyncIterable<Photo>
}

async function photosOf(deps: StartDeps, run: JobRun<TrainingStartInput>): Promise<TakenPhotos> {
  const { source } = run.input
  const { maxPhotoBytes } = deps.limits
  if (source.kind === 'uploads') {
    const photos = uploadedPhotos({ store: deps.store, bucket: deps.workBucket, maxPhotoBytes }, source.photos)
    return { count: source.photos.length, photos }
  }
  const archive = await run.step('archive', () => fetchOnce(deps, run, source.url))
  const read = readWindow(deps.streams, archive, run.signal)
  return await archivedPhotos({ read, sizeBytes: archive.sizeBytes, maxPhotoBytes })
}

/** A step of its own: a server that gave it once may not give it again. */
async function fetchOnce(
  deps: StartDeps,
  run: JobRun<TrainingStartInput>,
  url: string,
): Promise<Pick<ObjectFacts, 'bucket' | 'name' | 'generation' | 'sizeBytes'>> {
  let lookAtMs = deps.now().getTime() + lookEveryMs
  const fetched = await fetchArchive(deps, {
    url,
    target: { bucket: deps.workBucket, name: `${workPrefix(run.id)}archive.zip` },
    async onBytes() {
      const nowMs = deps.now().getTime()
      if (nowMs < lookAtMs) return
      lookAtMs = nowMs + lookEveryMs
      await checkWanted(deps.db, run.input.trainingId)
    },
    signal: run.signal,
  })
  const { bucket, name, generation, sizeBytes } = fetched
  return { bucket, name, generation, sizeBytes }
}

/** Nobody should wait for the last of a hundred photos to see that a training is canceled. */
async function* whileWanted<T>(photos: Iterable<T> | AsyncIterable<T>, look: () => Promise<void>): AsyncGenerator<T> {
  for await (const photo of photos) {
    await look()
    yield photo
  }
}

async function* hashed(chunks: AsyncIterable<Buffer>, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}
