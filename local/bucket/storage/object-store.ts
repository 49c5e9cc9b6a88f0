import { conflict, noSuchBucket, noSuchObject } from '../http/failure.ts'
import { SortedNames } from '../listing/name-order.ts'
import { ContentStore } from './content-store.ts'
import type { Durability } from './durable-file.ts'
import { GenerationClock } from './generations.ts'
import { KeyedLock } from './keyed-lock.ts'
import { checkPreconditions, type Preconditions } from './preconditions.ts'
import type { AclEntry, BucketRecord, Content, EditableMetadata, ObjectRecord } from './record.ts'
import { RecordFiles } from './record-files.ts'

/** A change that is on disk. An overwrite is two: the old generation deleted, the new one finalized. */
export interface StoredChange {
  type: 'finalized' | 'deleted' | 'metadataUpdated'
  record: ObjectRecord
}

export interface ObjectStoreOptions {
  dataDir: string
  durability: Durability
  now: () => Date
  /** Told after the change is durable; must not throw. */
  onChange: (change: StoredChange) => void
}

/** What a new generation is made of. */
export interface NewObject {
  bucket: string
  name: string
  editable: EditableMetadata
  storageClass: string
  acl: AclEntry[]
  content: Content
  uploadId: string | null
}

/** Which object, under which conditions. `generation` addresses one version: any other is not found. */
export interface ObjectAddress {
  bucket: string
  name: string
  generation: number | null
  conditions: Preconditions
}

interface BucketState {
  record: BucketRecord
  objects: Map<string, ObjectRecord>
  names: SortedNames
  /** Object writes under way; a bucket is only deleted when there are none. */
  writes: number
}

/** Buckets and the records of their objects: in memory to be found and listed, on disk to last. */
export class ObjectStore {
  readonly content: ContentStore
  readonly #files: RecordFiles
  readonly #generations: GenerationClock
  readonly #now: () => Date
  readonly #onChange: (change: StoredChange) => void
  readonly #lock = new KeyedLock()
  readonly #buckets = new Map<string, BucketState>()

  private constructor(options: ObjectStoreOptions, content: ContentStore, generations: GenerationClock) {
    this.content = content
    this.#generations = generations
    this.#files = new RecordFiles(options)
    this.#now = options.now
    this.#onChange = options.onChange
  }

  static async open(options: ObjectStoreOptions): Promise<ObjectStore> {
    const content = await ContentStore.open(options)
    const store = new ObjectStore(options, content, await GenerationClock.open(options))
    for (const { bucket, objects } of await store.#files.load()) {
      store.#buckets.set(bucket.name, {
        record: bucket,
        objects: new Map(objects.map((record) => [record.name, record])),
        names: new SortedNames(objects.map(({ name }) => name)),
        writes: 0,
      })
    }
    return store
  }

  async close(): Promise<void> {
    await this.content.close()
    await this.#generations.close()
  }

  /** Every record there is; for the sweep and for what is rebuilt at start. */
  *records(): Generator<ObjectRecord> {
    for (const { objects } of this.#buckets.values()) yield* objects.values()
  }

  buckets(): BucketRecord[] {
    return [...this.#buckets.values()].map(({ record }) => record).sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name)
  }

  /** Throws 404 where there is no such bucket: as with the real service, none appears by being used. */
  bucket(name: string): BucketRecord {
    return this.#state(name).record
  }

  names(bucket: string): SortedNames {
    return this.#state(bucket).names
  }

  peek(bucket: string, name: string): ObjectRecord | null {
    return this.#state(bucket).objects.get(name) ?? null
  }

  /** The object to be read; throws 404, 412 or 304. */
  find({ bucket, name, generation, conditions }: ObjectAddress): ObjectRecord {
    const record = this.#existing(bucket, name, generation)
    checkPreconditions(conditions, record, 'read')
    return record
  }

  /** Refuses early what the write itself would refuse, before its bytes are sent. */
  checkWrite(bucket: string, name: string, conditions: Preconditions): void {
    checkPreconditions(conditions, this.peek(bucket, name), 'write')
  }

  createBucket(record: BucketRecord): Promise<void> {
    return this.#lock.run(bucketKey(record.name), async () => {
      if (this.#buckets.has(record.name)) {
        throw conflict(
          'Your previous request to create the named bucket succeeded and you already own it.',
          'BucketAlreadyOwnedByYou',
        )
      }
      await this.#files.writeBucket(record)
      this.#buckets.set(record.name, { record, objects: new Map(), names: new SortedNames(), writes: 0 })
    })
  }

  changeBucket(
    name: string,
    conditions: Preconditions,
    change: (record: BucketRecord) => BucketRecord,
  ): Promise<BucketRecord> {
    return this.#lock.run(bucketKey(name), async () => {
      const state = this.#state(name)
      checkBucketConditions(conditions, state.record, 'write')
      const changed = change(state.record)
      const record = { ...changed, metageneration: state.record.metageneration + 1, updated: this.#now().toISOString() }
      await this.#files.writeBucket(record)
      state.record = record
      return record
    })
  }

  deleteBucket(name: string, conditions: Preconditions): Promise<void> {
    return this.#lock.run(bucketKey(name), async () => {
      const state = this.#state(name)
      checkBucketConditions(conditions, state.record, 'write')
      if (state.objects.size > 0 || state.writes > 0) {
        throw conflict('The bucket you tried to delete is not empty.', 'BucketNotEmpty')
      }
      this.#buckets.delete(name)
      await this.#files.removeBucket(name)
    })
  }

  /** Makes a new generation live, if the conditions hold at that moment; of several callers at once one is first. */
  put(object: NewObject, conditions: Preconditions): Promise<ObjectRecord> {
    return this.#lock.run(objectKey(object), () =>
      this.#writing(object.bucket, async (state) => {
        checkPreconditions(conditions, state.objects.get(object.name) ?? null, 'write')
        return this.#write(state, object)
      }),
    )
  }

  /** Changes what is not content: one more metageneration of the same generation. */
  change(address: ObjectAddress, change: (record: ObjectRecord) => ObjectRecord): Promise<ObjectRecord> {
    return this.#lock.run(objectKey(address), () =>
      this.#writing(address.bucket, async (state) => {
        const current = this.#existing(address.bucket, address.name, address.generation)
        checkPreconditions(address.conditions, current, 'write')
        const updated = this.#now().toISOString()
        const record = { ...change(current), metageneration: current.metageneration + 1, updated }
        await this.#files.writeObject(record)
        state.objects.set(record.name, record)
        this.#onChange({ type: 'metadataUpdated', record })
        return record
      }),
    )
  }

  remove(address: ObjectAddress): Promise<void> {
    return this.#lock.run(objectKey(address), () =>
      this.#writing(address.bucket, async (state) => {
        const current = this.#existing(address.bucket, address.name, address.generation)
        checkPreconditions(address.conditions, current, 'write')
        await this.#delete(state, current)
      }),
    )
  }

  /** Renames within a bucket: `build` says what the new name gets, the old one is gone when this returns. */
  move(
    source: ObjectAddress,
    destination: { name: string; conditions: Preconditions },
    build: (record: ObjectRecord) => Promise<NewObject>,
  ): Promise<ObjectRecord> {
    const keys = [objectKey(source), objectKey({ bucket: source.bucket, name: destination.name })]
    return this.#lock.runAll(keys, () =>
      this.#writing(source.bucket, async (state) => {
        const current = this.#existing(source.bucket, source.name, source.generation)
        checkPreconditions(source.conditions, current, 'write')
        checkPreconditions(destination.conditions, state.objects.get(destination.name) ?? null, 'write')
        const record = await this.#write(state, await build(current))
        if (destination.name !== source.name) await this.#delete(state, current)
        return record
      }),
    )
  }

  async #write(state: BucketState, object: NewObject): Promise<ObjectRecord> {
    const replaced = state.objects.get(object.name)
    const timeCreated = this.#now().toISOString()
    const generation = await this.#generations.next()
    const record: ObjectRecord = { ...object, generation, metageneration: 1, timeCreated, updated: timeCreated }
    await this.content.settle()
    await this.#files.writeObject(record)
    state.objects.set(record.name, record)
    state.names.add(record.name)
    if (replaced !== undefined) {
      this.#onChange({ type: 'deleted', record: replaced })
      await this.#forgetContent(replaced)
    }
    this.#onChange({ type: 'finalized', record })
    return record
  }

  async #delete(state: BucketState, record: ObjectRecord): Promise<void> {
    await this.#files.removeObject(record.bucket, record.name)
    state.objects.delete(record.name)
    state.names.delete(record.name)
    this.#onChange({ type: 'deleted', record })
    await this.#forgetContent(record)
  }

  /** The change is durable by now: a file that cannot be removed must not make it fail, the next start sweeps it. */
  async #forgetContent({ content }: ObjectRecord): Promise<void> {
    await this.content.discard(content.segments).catch(() => {})
  }

  async #writing<T>(bucket: string, work: (state: BucketState) => Promise<T>): Promise<T> {
    const state = this.#state(bucket)
    state.writes++
    try {
      return await work(state)
    } finally {
      state.writes--
    }
  }

  #state(name: string): BucketState {
    const state = this.#buckets.get(name)
    if (state === undefined) throw noSuchBucket()
    return state
  }

  #existing(bucket: string, name: string, generation: number | null): ObjectRecord {
    const record = this.#state(bucket).objects.get(name)
    const isAddressed = record !== undefined && (generation === null || generation === record.generation)
    if (!isAddressed) throw noSuchObject(bucket, name)
    return record
  }
}

export function checkBucketConditions(conditions: Preconditions, record: BucketRecord, access: 'read' | 'write'): void {
  checkPreconditions(conditions, { generation: 1, metageneration: record.metageneration }, access)
}

function bucketKey(bucket: string): string {
  return bucket
}

function objectKey({ bucket, name }: { bucket: string; name: string }): string {
  return `${bucket}/${name}`
}
