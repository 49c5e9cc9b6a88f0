import { writeZip, type ZipSource } from '../archives/zip-writer.ts'
import { FinalError } from '../errors/app-error.ts'
import type { MalwareScanner } from '../malware/malware-scanner.ts'
import { type PhotoLimits, prepareTrainingPhoto } from './training-photo.ts'

export interface PhotoSource {
  /** What its owner calls it; goes into sentences, never into the archive. */
  name: string
  /** Goes beside the photo as a text file of its name, which is how trainers take captions. */
  caption?: string | null
  read(): Promise<Buffer>
}

export interface PhotosZipLimits {
  minPhotos: number
  maxPhotos: number
  maxZipBytes: number
}

const photosZipLimits: PhotosZipLimits = { minPhotos: 4, maxPhotos: 100, maxZipBytes: 100_000_000 }

export interface PhotosToZipOptions {
  limits?: PhotosZipLimits
  photoLimits?: PhotoLimits
  scanner?: MalwareScanner | null
  signal?: AbortSignal
  /** Told of each photo once it is in. */
  onPhoto?: (done: number) => void
}

/**
 * Photos → the bytes of one training archive, one photo after the other, of which one is in memory at a time. The same
 * photos make the same bytes; entries are called `photo-001.jpg` and so on, in the order given. An upload of what is
 * yielded breaks off where this throws, and leaves nothing.
 * @throws FinalError `photo.…` (its sentence numbers the photo), `training.too-few-photos`, `training.too-many-photos`,
 * `training.zip-too-large`; what `read` throws comes out as it is.
 */
export async function* photosToZip(
  photos: AsyncIterable<PhotoSource> | Iterable<PhotoSource>,
  options: PhotosToZipOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const limits = options.limits ?? photosZipLimits
  let zipBytes = 0
  for await (const chunk of writeZip(prepared(photos, limits, options))) {
    zipBytes += chunk.length
    if (zipBytes > limits.maxZipBytes) {
      const most = Math.floor(limits.maxZipBytes / 1e6)
      throw new FinalError({
        code: 'training.zip-too-large',
        message: `The photos take more than ${most} MB together; send fewer or smaller ones.`,
      })
    }
    yield chunk
  }
}

async function* prepared(
  photos: AsyncIterable<PhotoSource> | Iterable<PhotoSource>,
  limits: PhotosZipLimits,
  options: PhotosToZipOptions,
): AsyncGenerator<ZipSource> {
  let count = 0
  for await (const photo of photos) {
    options.signal?.throwIfAborted()
    count += 1
    if (count > limits.maxPhotos) throw tooManyPhotos(limits)
    yield await prepare(photo, count, options)
    if (photo.caption) yield { name: `${entryStem(count)}.txt`, content: Buffer.from(photo.caption, 'utf8') }
    options.onPhoto?.(count)
  }
  if (count < limits.minPhotos) throw tooFewPhotos(limits)
}

/** For who knows how many there are before the first is read. @throws as `photosToZip` does at its end. */
export function checkPhotoCount(count: number, limits: PhotosZipLimits = photosZipLimits): void {
  if (count > limits.maxPhotos) throw tooManyPhotos(limits)
  if (count < limits.minPhotos) throw tooFewPhotos(limits)
}

async function prepare(photo: PhotoSource, number: number, options: PhotosToZipOptions): Promise<ZipSource> {
  const { scanner = null, photoLimits, signal } = options
  const bytes = await photo.read()
  try {
    const { extension, bytes: content } = await prepareTrainingPhoto(bytes, {
      scanner,
      ...(photoLimits === undefined ? {} : { limits: photoLimits }),
      ...(signal === undefined ? {} : { signal }),
    })
    return { name: `${entryStem(number)}.${extension}`, content }
  } catch (error) {
    if (!(error instanceof FinalError)) throw error
    throw new FinalError({
      code: error.code,
      message: `Photo ${number} cannot be used. ${error.message}`,
      facts: { ...error.facts, photo: number, name: photo.name },
      cause: error,
    })
  }
}

function entryStem(number: number): string {
  return `photo-${String(number).padStart(3, '0')}`
}

function tooManyPhotos({ maxPhotos }: PhotosZipLimits): FinalError {
  return new FinalError({
    code: 'training.too-many-photos',
    message: `A training takes at most ${maxPhotos} photos.`,
  })
}

function tooFewPhotos({ minPhotos }: PhotosZipLimits): FinalError {
  return new FinalError({
    code: 'training.too-few-photos',
    message: `A training takes at least ${minPhotos} photos.`,
  })
}
