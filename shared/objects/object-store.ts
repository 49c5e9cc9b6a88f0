import type { File, Storage } from '@google-cloud/storage'
import { FinalError } from '#shared/errors/app-error.ts'
import { type ObjectFacts, type ObjectName, type ObjectResource, toFacts } from './object-facts.ts'
import { objectsError, statusOf } from './objects-error.ts'

export type { ObjectFacts, ObjectName } from './object-facts.ts'

export interface ObjectWrite extends ObjectName {
  bytes: Buffer
  contentType: string
  /** The generation that must be there now; '0' for "nothing": a write that lost the race changes nothing. */
  ifGeneration: string
  cacheControl?: string
  metadata?: Record<string, string>
  /** Asks for a public object ACL; a bucket with uniform access has none, then the bucket's own rule holds. */
  publicAcl?: boolean
}

/** One object to be made of others in its bucket, in their order. */
export interface ObjectComposition extends ObjectName {
  /** At most 32, each at the generation that is meant. */
  sources: readonly { name: string; generation: string }[]
  contentType: string
  ifGeneration: string
  metadata?: Record<string, string>
  /** By which a bucket's lifecycle may judge it (`daysSinceCustomTime`). */
  customTime?: Date
}

/** The generation was not the expected one: somebody else has written in between. */
export class GenerationChangedError extends FinalError {}

/** Typed verbs on Cloud Storage. Every verb names the generation that it means. */
export class ObjectStore {
  readonly #storage: Storage

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** The object's facts now (or at `generation`), or null where there is none. */
  async stat(object: ObjectName, generation?: string): Promise<ObjectFacts | null> {
    try {
      const [metadata] = await this.#file(object, generation).getMetadata()
      return toFacts(object, metadata)
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw objectsError(error, object)
    }
  }

  /**
   * The object's bytes at a generation, checked against its CRC32C by the client.
   * @returns null where that generation is gone.
   * @throws FinalError `objects.too-large` before a byte is read when it is larger than `maxBytes`.
   */
  async read(object: ObjectName, params: { generation: string; maxBytes: number }): Promise<Buffer | null> {
    const facts = await this.stat(object, params.generation)
    if (!facts) return null
    if (facts.sizeBytes > params.maxBytes) {
      throw new FinalError({
        code: 'objects.too-large',
        message: `The file has ${facts.sizeBytes} bytes; at most ${params.maxBytes} are taken.`,
        facts: { ...object, sizeBytes: facts.sizeBytes },
      })
    }
    try {
      const [bytes] = await this.#file(object, params.generation).download()
      return bytes
    } catch (error) {
      if (statusOf(error) === 404) return null
      throw objectsError(error, object)
    }
  }

  /** An object's bytes at a generation as they come, checked against its CRC32C at the end: for what does not fit in memory. */
  async *readStream(object: ObjectName, params: { generation: string }): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.#file(object, params.generation).createReadStream()) yield chunk
    } catch (error) {
      throw objectsError(error, object)
    }
  }

  /**
   * Writes an object if its generation is still the expected one.
   * @throws GenerationChangedError `objects.generation-changed` when it is not.
   */
  async write(write: ObjectWrite): Promise<ObjectFacts> {
    try {
      return await this.#save(write)
    } catch (error) {
      const uniformAccess =
        write.publicAcl && statusOf(error) === 400 && /uniform bucket-level access/i.test(String(error))
      if (!uniformAccess) throw this.#writeError(error, write)
    }
    try {
      return await this.#save({ ...write, publicAcl: false })
    } catch (error) {
      throw this.#writeError(error, write)
    }
  }

  async #save(write: ObjectWrite): Promise<ObjectFacts> {
    const file = this.#storage.bucket(write.bucket).file(write.name)
    await file.save(write.bytes, {
      // One request: these objects fit in memory anyway, and a resumable session costs another round trip.
      resumable: false,
      validation: 'crc32c',
      preconditionOpts: { ifGenerationMatch: write.ifGeneration },
      ...(write.publicAcl ? { predefinedAcl: 'publicRead' as const } : {}),
      metadata: {
        contentType: write.contentType,
        ...(write.cacheControl ? { cacheControl: write.cacheControl } : {}),
        metadata: write.metadata ?? {},
      },
    })
    return toFacts(write, file.metadata)
  }

  /**
   * Puts objects together without moving a byte.
   * @throws GenerationChangedError `objects.generation-changed` when the target's generation is not the expected one.
   */
  async compose(composition: ObjectComposition): Promise<ObjectFacts> {
    const { sources, contentType, metadata = {}, customTime, ifGeneration } = composition
    try {
      // Not the client's `combine`: it reads generations as numbers that lose digits, and takes no metadata.
      const [resource] = await this.#file(composition).request({
        method: 'POST',
        uri: '/compose',
        qs: { ifGenerationMatch: ifGeneration },
        json: {
          destination: { contentType, metadata, ...(customTime ? { customTime: customTime.toISOString() } : {}) },
          sourceObjects: sources.map(({ name, generation }) => ({ name, generation })),
        },
      })
      return toFacts(composition, resource as ObjectResource)
    } catch (error) {
      throw this.#writeError(error, composition)
    }
  }

  #writeError(error: unknown, write: ObjectName & { ifGeneration: string }): Error {
    return statusOf(error) === 412 ? generationChanged(write, error) : objectsError(error, write)
  }

  /**
   * Changes custom metadata of the object as it was seen.
   * @throws GenerationChangedError `objects.generation-changed` when it is gone or was changed since.
   */
  async relabel(seen: ObjectFacts, metadata: Record<string, string>): Promise<ObjectFacts> {
    try {
      const [resource] = await this.#file(seen).setMetadata(
        { metadata },
        { ifGenerationMatch: seen.generation, ifMetagenerationMatch: seen.metageneration },
      )
      return toFacts(seen, resource)
    } catch (error) {
      if (statusOf(error) !== 404) throw this.#writeError(error, { ...seen, ifGeneration: seen.generation })
      throw generationChanged({ ...seen, ifGeneration: seen.generation }, error)
    }
  }

  /**
   * Sets an object's custom time; Cloud Storage takes no earlier one than it has.
   * @throws GenerationChangedError `objects.generation-changed` when that generation is gone.
   */
  async setCustomTime(object: ObjectName & { generation: string }, customTime: Date): Promise<void> {
    const { generation } = object
    try {
      await this.#file(object).setMetadata({ customTime: customTime.toISOString() }, { ifGenerationMatch: generation })
    } catch (error) {
      if (statusOf(error) !== 404) throw this.#writeError(error, { ...object, ifGeneration: generation })
      throw generationChanged({ ...object, ifGeneration: generation }, error)
    }
  }

  /** Removes an object, at a generation and metageneration if they are given; one that is gone already is fine. */
  async remove(object: ObjectName, generation?: string, metageneration?: string): Promise<void> {
    try {
      await this.#file(object).delete({
        ignoreNotFound: true,
        ...(generation ? { ifGenerationMatch: generation } : {}),
        ...(metageneration ? { ifMetagenerationMatch: metageneration } : {}),
      })
    } catch (error) {
      if (statusOf(error) === 404 || statusOf(error) === 412) return
      throw objectsError(error, object)
    }
  }

  /** Objects below a prefix, a page at a time. */
  async *list(bucket: string, prefix: string): AsyncGenerator<ObjectFacts> {
    let pageToken: string | undefined
    do {
      const [files, next] = await this.#storage
        .bucket(bucket)
        .getFiles({ prefix, autoPaginate: false, maxResults: 500, ...(pageToken ? { pageToken } : {}) })
        .catch((error: unknown) => {
          throw objectsError(error, { bucket, name: prefix })
        })
      for (const file of files) yield toFacts({ bucket, name: file.name }, file.metadata)
      pageToken = (next as { pageToken?: string } | null)?.pageToken
    } while (pageToken)
  }

  #file(object: ObjectName, generation?: string): File {
    return this.#storage.bucket(object.bucket).file(object.name, generation ? { generation } : {})
  }
}

function generationChanged(write: ObjectName & { ifGeneration: string }, cause: unknown): GenerationChangedError {
  const { bucket, name, ifGeneration: expected } = write
  return new GenerationChangedError({
    code: 'objects.generation-changed',
    message: `${bucket}/${name} was written by somebody else in between.`,
    facts: { bucket, name, expected },
    cause,
  })
}
