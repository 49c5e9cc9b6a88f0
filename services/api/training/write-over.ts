import { TransientError } from '#shared/errors/app-error.ts'
import {
  GenerationChangedError,
  type ObjectFacts,
  type ObjectName,
  type ObjectStore,
} from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'

/**
 * Writes an archive of a training as it comes, over what an earlier try left there and over nothing else: an instance that
 * stalled in the middle finds another generation when it wakes, and writes nothing.
 * @throws TransientError `training.write-raced` when somebody else was quicker
 */
export async function writeOver(
  deps: { store: ObjectStore; streams: ObjectStreams },
  params: { target: ObjectName; chunks: AsyncIterable<Uint8Array>; signal: AbortSignal },
): Promise<ObjectFacts> {
  const { target, chunks, signal } = params
  const there = await deps.store.stat(target)
  try {
    return await deps.streams.write({
      ...target,
      chunks,
      sizeBytes: null,
      contentType: 'application/zip',
      ifGeneration: there?.generation ?? '0',
      signal,
    })
  } catch (error) {
    if (!(error instanceof GenerationChangedError)) throw error
    throw new TransientError({
      code: 'training.write-raced',
      message: 'Another instance wrote the photos at the same time; they are prepared again.',
      facts: error.facts,
      cause: error,
    })
  }
}
