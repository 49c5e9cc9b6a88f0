import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Durability, isMissingFile, removeFile, syncDirectory, writeJsonFile } from './durable-file.ts'
import type { BucketRecord, ObjectRecord } from './record.ts'

/** Records read at the same time at start. */
const READ_CONCURRENCY = 32

interface RecordFilesOptions {
  dataDir: string
  durability: Durability
}

/**
 * The records on disk: `buckets/{bucket}/bucket.json` and one file an object, named by the hash of its name since names
 * may be longer than the file system allows. A record that is there is whole, see `writeJsonFile`.
 */
export class RecordFiles {
  readonly #directory: string
  readonly #durability: Durability

  constructor(options: RecordFilesOptions) {
    this.#directory = join(options.dataDir, 'buckets')
    this.#durability = options.durability
  }

  /** Every bucket with its objects. Leftovers of a bucket that was being created or deleted are removed. */
  async load(): Promise<{ bucket: BucketRecord; objects: ObjectRecord[] }[]> {
    await mkdir(this.#directory, { recursive: true })
    const loaded: { bucket: BucketRecord; objects: ObjectRecord[] }[] = []
    for (const name of await readdir(this.#directory)) {
      const bucket = await readJson<BucketRecord>(this.#bucketPath(name))
      if (bucket === null) await rm(join(this.#directory, name), { recursive: true, force: true })
      else loaded.push({ bucket, objects: await this.#loadObjects(name) })
    }
    return loaded
  }

  async #loadObjects(bucket: string): Promise<ObjectRecord[]> {
    const directory = join(this.#directory, bucket, 'objects')
    const records: ObjectRecord[] = []
    const pending = await readdir(directory)
    const readNext = async (): Promise<void> => {
      for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
        if (!file.endsWith('.json')) {
          await removeFile(join(directory, file))
          continue
        }
        const record = await readJson<ObjectRecord>(join(directory, file))
        if (record !== null) records.push(record)
      }
    }
    await Promise.all(Array.from({ length: READ_CONCURRENCY }, readNext))
    return records
  }

  async writeBucket(record: BucketRecord): Promise<void> {
    await mkdir(join(this.#directory, record.name, 'objects'), { recursive: true })
    await writeJsonFile(this.#bucketPath(record.name), record, this.#durability)
    if (this.#durability === 'fsync') await syncDirectory(this.#directory)
  }

  async removeBucket(name: string): Promise<void> {
    await removeFile(this.#bucketPath(name), this.#durability)
    await rm(join(this.#directory, name), { recursive: true, force: true })
  }

  writeObject(record: ObjectRecord): Promise<void> {
    return writeJsonFile(this.#objectPath(record.bucket, record.name), record, this.#durability)
  }

  removeObject(bucket: string, name: string): Promise<void> {
    return removeFile(this.#objectPath(bucket, name), this.#durability)
  }

  #bucketPath(bucket: string): string {
    return join(this.#directory, bucket, 'bucket.json')
  }

  #objectPath(bucket: string, name: string): string {
    return join(this.#directory, bucket, 'objects', `${createHash('sha256').update(name).digest('hex')}.json`)
  }
}

/** Our own file, written whole by this class: the cast trusts the writer. Null where there is none. */
async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch (error) {
    if (isMissingFile(error)) return null
    throw error
  }
}
