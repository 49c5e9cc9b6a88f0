import { createHash } from 'node:crypto'
import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import { Crc32c } from '#shared/objects/crc32c.ts'
import { GenerationChangedError, type ObjectFacts, type ObjectName } from '#shared/objects/object-store.ts'
import type { FinishDeps } from './finish-deps.ts'
import type { OpenedWeights } from './open-weights.ts'

/** Weights that lie at their place. Plain JSON: the result of a step. */
export interface StoredWeights {
  name: string
  generation: string
  sizeBytes: number
  /** Lower-case hex. */
  sha256: string
  /** What the file says that it was trained for; null where it says nothing. */
  baseModel: string | null
}

const CONTENT_TYPE = 'application/octet-stream'

/**
 * Streams the weights to their place, where nobody sees them before they are whole; the same ones that lie there already, of a
 * claim that died, are adopted. Call it again after a crash at any line.
 * @throws FinalError `training.weights-taken` for other bytes at that place; TransientError.
 */
export async function storeWeights(
  deps: Pick<FinishDeps, 'store' | 'streams'>,
  params: {
    open(): Promise<OpenedWeights>
    target: ObjectName
    /** Where they come from; put on the object with their SHA-256. */
    metadata: Record<string, string>
    signal: AbortSignal
  },
): Promise<StoredWeights> {
  const { target, metadata, signal } = params
  const weights = await params.open()
  const passing = new Passing(weights)
  const existing = await deps.store.stat(target)
  let facts: ObjectFacts
  if (existing === null) {
    facts = await write(deps, { target, passing, signal })
  } else {
    await passing.drain()
    facts = existing
  }
  if (!passing.isSame(facts)) throw await otherBytes(deps, facts, existing === null)
  const sha256 = passing.sha256()
  facts = await label(deps, facts, { ...metadata, sha256 })
  const { sizeBytes, generation, name } = facts
  return { name, generation, sizeBytes, sha256, baseModel: weights.facts.baseModelHint }
}

async function write(
  deps: Pick<FinishDeps, 'streams'>,
  params: { target: ObjectName; passing: Passing; signal: AbortSignal },
): Promise<ObjectFacts> {
  const { target, passing, signal } = params
  const { sizeBytes } = passing
  const upload = {
    ...target,
    chunks: passing.chunks(),
    sizeBytes,
    contentType: CONTENT_TYPE,
    ifGeneration: '0',
    signal,
  }
  try {
    return await deps.streams.write(upload)
  } catch (error) {
    if (!(error instanceof GenerationChangedError)) throw error
    throw new TransientError({
      code: 'training.weights-raced',
      message: 'The weights were written by another instance in this moment; they are looked at again.',
      cause: error,
    })
  }
}

/** An upload has no room for metadata; a claim that finds the object without them gives it them. */
async function label(
  deps: Pick<FinishDeps, 'store'>,
  facts: ObjectFacts,
  metadata: Record<string, string>,
): Promise<ObjectFacts> {
  if (Object.entries(metadata).every(([key, value]) => facts.metadata[key] === value)) return facts
  try {
    return await deps.store.relabel(facts, metadata)
  } catch (error) {
    if (!(error instanceof GenerationChangedError)) throw error
    const message = 'The weights were changed by another instance in this moment; they are looked at again.'
    throw new TransientError({ code: 'training.weights-raced', message, cause: error })
  }
}

async function otherBytes(
  deps: Pick<FinishDeps, 'store'>,
  facts: ObjectFacts,
  isOurs: boolean,
): Promise<FinalError | TransientError> {
  const { name } = facts
  if (!isOurs) {
    const message = 'Other weights lie where those of this training should.'
    return new FinalError({ code: 'training.weights-taken', message, facts: { name } })
  }
  await deps.store.remove(facts, facts.generation)
  const message = 'The weights arrived in the bucket with other bytes than were sent; they are written again.'
  return new TransientError({ code: 'training.weights-misstored', message, facts: { name } })
}

/** What passes on its way into the bucket. */
class Passing {
  readonly sizeBytes: number
  readonly #weights: OpenedWeights
  readonly #sha256 = createHash('sha256')
  readonly #crc32c = new Crc32c()

  constructor(weights: OpenedWeights) {
    this.#weights = weights
    this.sizeBytes = weights.sizeBytes
  }

  /**
   * Each chunk when the next is there, or the end: a bucket that has all announced bytes keeps them, and what follows the last
   * one in the archive may yet prove it bad.
   */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    let last: Buffer | null = null
    for await (const chunk of this.#weights.chunks) {
      this.#sha256.update(chunk)
      this.#crc32c.update(chunk)
      if (last !== null) yield last
      last = chunk
    }
    if (last !== null) yield last
  }

  /** Reads to the end without keeping anything. */
  async drain(): Promise<void> {
    for await (const _ of this.chunks()) {
      // Only counted.
    }
  }

  isSame(facts: ObjectFacts): boolean {
    return facts.sizeBytes === this.sizeBytes && facts.crc32c === this.#crc32c.toString()
  }

  /** Once everything has passed. */
  sha256(): string {
    return this.#sha256.digest('hex')
  }
}
