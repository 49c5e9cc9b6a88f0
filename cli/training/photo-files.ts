import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { UsageError } from '../command.ts'

/** The API takes so many for a training. */
const MIN_PHOTOS = 4
const MAX_PHOTOS = 100

/** A picture on this machine. */
export interface PhotoFile {
  path: string
  name: string
  contentType: string
  sizeBytes: number
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.heic': 'image/heic',
  '.heif': 'image/heif',
}

/**
 * The pictures of a folder, by name; what else lies there is left alone, folders in it too.
 * @throws UsageError for a folder that is none, or has too few or too many.
 */
export async function findPhotos(folder: string, usage: string): Promise<PhotoFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${folder} cannot be read as a folder (${error.code}).`, usage)
  })
  const photos: PhotoFile[] = []
  for (const entry of entries.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))) {
    const contentType = CONTENT_TYPES[extname(entry.name).toLowerCase()]
    // The small files that macOS puts beside pictures on other disks begin with a dot.
    if (contentType === undefined || entry.name.startsWith('.') || entry.isDirectory()) continue
    const path = join(folder, entry.name)
    photos.push({ path, name: entry.name, contentType, sizeBytes: (await stat(path)).size })
  }
  if (photos.length >= MIN_PHOTOS && photos.length <= MAX_PHOTOS) return photos
  const found = `${photos.length} ${photos.length === 1 ? 'picture' : 'pictures'}`
  const kinds = Object.keys(CONTENT_TYPES).join(', ')
  throw new UsageError(`${folder} has ${found} (${kinds}); a training takes ${MIN_PHOTOS} to ${MAX_PHOTOS}.`, usage)
}
