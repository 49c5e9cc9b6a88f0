import type { ZipEntry } from '#shared/archives/zip-entry.ts'
import { type ArchiveLimits, listZip, readZipEntry } from '#shared/archives/zip-reader.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { safeText } from '#shared/formats/safe-text.ts'
import type { ReadAt } from '#shared/formats/safetensors.ts'
import type { PhotoSource as Photo } from '#shared/photos/photos-to-zip.ts'

/** Of one caption. Trainers cut theirs at 77 to 512 tokens, far below this. */
const maxCaptionBytes = 4096

/** What a person's archive may hold. */
function archiveLimits(maxPhotoBytes: number): ArchiveLimits {
  return {
    // 100 photos with captions, each with what macOS packs beside it, and folders.
    maxEntries: 500,
    maxEntryBytes: maxPhotoBytes,
    // Twice the largest archive that is fetched: pictures hardly shrink when they are packed.
    maxTotalBytes: 1_000_000_000,
    // A picture of one colour packs well; a bomb is at 1,000 and more.
    maxRatio: 100,
  }
}

/** What programs and desktops leave in archives of their own. */
const junk = /(^|\/)(__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/i
/** HEIC among them: its refusal says what to do. The bytes decide in the end. */
const photo = /\.(jpe?g|png|webp|heic|heif)$/i
const caption = /\.txt$/i

/**
 * The photos of a person's archive in its order, with captions from text files of the same name, as trainers take them.
 * Everything is judged by the archive's list before a byte is unpacked; a photo is unpacked when its turn comes.
 * @throws FinalError `archive.…`, `training.archive-foreign-file`, `training.caption-too-long`, `training.caption-alone`
 */
export async function archivedPhotos(params: {
  read: ReadAt
  sizeBytes: number
  maxPhotoBytes: number
}): Promise<{ count: number; photos: AsyncGenerator<Photo> }> {
  const { read, sizeBytes, maxPhotoBytes } = params
  const listed = await listZip({ read, sizeBytes, limits: archiveLimits(maxPhotoBytes) })
  const entries = listed.filter(({ name, isFolder }) => !isFolder && !junk.test(name))
  const photos = entries.filter(({ name }) => photo.test(name))
  const captions = new Map<string, ZipEntry>()
  const named = new Set(photos.map(({ name }) => stem(name)))
  for (const entry of entries) {
    if (photo.test(entry.name)) continue
    if (!caption.test(entry.name)) throw foreignFile(entry)
    if (entry.sizeBytes > maxCaptionBytes) throw captionTooLong(entry)
    if (!named.has(stem(entry.name))) throw captionAlone(entry)
    captions.set(stem(entry.name), entry)
  }
  return { count: photos.length, photos: inTurn(read, photos, captions) }
}

async function* inTurn(
  read: ReadAt,
  photos: readonly ZipEntry[],
  captions: ReadonlyMap<string, ZipEntry>,
): AsyncGenerator<Photo> {
  for (const entry of photos) {
    const told = captions.get(stem(entry.name))
    yield {
      name: entry.name,
      caption: told === undefined ? null : safeText((await unpack(read, told)).toString('utf8'), maxCaptionBytes),
      read: () => unpack(read, entry),
    }
  }
}

async function unpack(read: ReadAt, entry: ZipEntry): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of readZipEntry(read, entry)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** `a/b.jpg` and `a/b.txt` have it in common. */
function stem(name: string): string {
  return name.replace(/\.[^./]+$/, '').toLowerCase()
}

function foreignFile({ name }: ZipEntry): FinalError {
  return new FinalError({
    code: 'training.archive-foreign-file',
    message: `The archive holds “${shown(name)}”; only JPEG, PNG and WebP photos, and their captions as .txt, are taken.`,
  })
}

function captionTooLong({ name, sizeBytes }: ZipEntry): FinalError {
  return new FinalError({
    code: 'training.caption-too-long',
    message: `The caption “${shown(name)}” has more than ${maxCaptionBytes} bytes.`,
    facts: { sizeBytes },
  })
}

function captionAlone({ name }: ZipEntry): FinalError {
  return new FinalError({
    code: 'training.caption-alone',
    message: `The archive holds “${shown(name)}”, but no photo of that name; a caption is called like its photo.`,
  })
}

function shown(name: string): string {
  return safeText(name, 100)
}
