import { writeZip, type ZipSource } from '../archives/zip-writer.ts'
import { FinalError } from '../errors/app-error.ts'
import type { MalwareScanner } from '../malware/malware-scanner.ts'
import { type PhotoLimits, prepareTrainingPhoto } from './training-photo.ts'

export interface PhotoSource {
  /** What its owner calls it; goes into sentences, never into the archive. */
  name: string
  read(): Promise<Buffer>
}

export interface PhotosZipLimits {
  minPhotos: number
  maxPhotos: number
  maxZipBytes: number
}

export const photosZipLimits: PhotosZipLimits = { minPhotos: 4, maxPhotos: 100, maxZipBytes: 100_000_000 }

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
    if (count > limits.maxPhotos) throw wrongCount('too-many-photos', `at most ${limits.maxPhotos} photos`)
    yield await prepare(photo, count, options)
    options.onPhoto?.(count)
  }
  if (count < limits.minPhotos) throw wrongCount('too-few-photos', `at least ${limits.minPhotos} photos`)
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
    return { name: `photo-${String(number).padStart(3, '0')}.${extension}`, content }
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

function wrongCount(code: string, rule: string): FinalError {
  return new FinalError({ code: `training.${code}`, message: `A training takes ${rule}.` })
}
