import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FileMetadata, Storage } from '@google-cloud/storage'
import { z } from 'zod'

const headers = ['contentType', 'cacheControl', 'contentDisposition', 'contentEncoding', 'contentLanguage'] as const

/** One object of a seed: its bytes are in `file`, beside the seed, or in `text`. */
export const seedObject = z
  .strictObject({
    bucket: z.string().min(1),
    name: z.string().min(1),
    file: z.string().min(1).optional(),
    text: z.string().optional(),
    contentType: z.string().optional(),
    cacheControl: z.string().optional(),
    contentDisposition: z.string().optional(),
    contentEncoding: z.string().optional(),
    contentLanguage: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .refine(({ file, text }) => (file === undefined) !== (text === undefined), 'needs either file or text')

export type SeedObject = z.infer<typeof seedObject>

/** Writes an object, making its bucket where there is none. `folder` is where the seed lies. */
export async function writeObject(storage: Storage, object: SeedObject, folder: string): Promise<void> {
  const { bucket: bucketName, name, file, text = '', metadata } = object
  const bucket = storage.bucket(bucketName)
  const [isThere] = await bucket.exists()
  if (!isThere) await storage.createBucket(bucketName)
  const set: FileMetadata = metadata === undefined ? {} : { metadata }
  for (const header of headers) if (object[header] !== undefined) set[header] = object[header]
  const source = file === undefined ? Readable.from([Buffer.from(text)]) : createReadStream(join(folder, file))
  await pipeline(source, bucket.file(name).createWriteStream({ resumable: false, metadata: set, gzip: false }))
}

/** Saves every object of every bucket in `folder`, and gives the list for a seed, to which that folder will be `prefix`. */
export async function saveObjects(storage: Storage, folder: string, prefix: string): Promise<SeedObject[]> {
  await mkdir(folder, { recursive: true })
  const saved: SeedObject[] = []
  const [buckets] = await storage.getBuckets()
  for (const bucket of buckets) {
    const [files] = await bucket.getFiles()
    for (const found of files) {
      // Names of objects may be longer than those of files, and are no paths.
      const file = `${String(saved.length + 1).padStart(5, '0')}-${plainName(found.name)}`
      await pipeline(found.createReadStream({ decompress: false }), createWriteStream(join(folder, file)))
      const object: SeedObject = { bucket: bucket.name, name: found.name, file: join(prefix, file) }
      for (const header of headers) {
        const value = found.metadata[header]
        if (typeof value === 'string') object[header] = value
      }
      const custom = Object.entries(found.metadata.metadata ?? {})
      if (custom.length > 0) object.metadata = Object.fromEntries(custom.map(([key, value]) => [key, String(value)]))
      saved.push(object)
    }
  }
  return saved
}

/** Removes every object of every bucket; the buckets stay. */
export async function removeObjects(storage: Storage): Promise<number> {
  const [buckets] = await storage.getBuckets()
  let count = 0
  for (const bucket of buckets) {
    const [files] = await bucket.getFiles()
    for (const file of files) await file.delete({ ignoreNotFound: true })
    count += files.length
  }
  return count
}

function plainName(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9._-]+/g, '-').slice(-60)
}
