import { archiveError } from '#shared/archives/archive-error.ts'
import { openTarFile } from '#shared/archives/tar-reader.ts'
import { readSafetensorsHeader } from '#shared/formats/safetensors.ts'
import { type SafetensorsFacts, safetensorsFacts } from '#shared/formats/safetensors-facts.ts'
import type { VerifiedParts } from '#shared/transfer/copy-file.ts'
import type { PartStore } from '#shared/transfer/part-store.ts'

/** An adapter of rank 16 has 172 MB, and one of rank 128, the most that the trainer takes, 1.4 GB; what is larger is none of ours. */
export const MAX_WEIGHTS_BYTES = 2_000_000_000
/** A caption for each of 100 photos, and what the trainer leaves beside them. */
const MAX_ENTRIES = 1_000
const FILE_NAME = 'lora.safetensors'

/** Weights that can be read once, whose header has been held against their length. */
export interface OpenedWeights {
  sizeBytes: number
  facts: SafetensorsFacts
  /** To be read to the end: only that proves that the archive is whole. */
  chunks: AsyncGenerator<Buffer, void, undefined>
}

interface ByteStream {
  sizeBytes: number
  chunks: AsyncGenerator<Buffer, void, undefined>
}

/**
 * Opens the weights in what was fetched: the one file of the archive, or the file itself.
 * @throws FinalError `archive.…`, `safetensors.…`
 */
export async function openWeights(params: {
  parts: PartStore
  verified: Pick<VerifiedParts, 'parts' | 'sizeBytes'>
  isBare: boolean
  signal: AbortSignal
}): Promise<OpenedWeights> {
  const { parts, verified, isBare, signal } = params
  const whole = readAll(parts, verified, signal)
  if (isBare) return await checked({ sizeBytes: verified.sizeBytes, chunks: whole })
  const limits = { maxEntries: MAX_ENTRIES, maxFileBytes: MAX_WEIGHTS_BYTES, maxTotalBytes: MAX_WEIGHTS_BYTES }
  return await checked(await openTarFile({ chunks: whole, fileName: FILE_NAME, limits }))
}

async function* readAll(
  parts: PartStore,
  verified: Pick<VerifiedParts, 'parts'>,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  for (const part of verified.parts) yield* parts.read(part, signal)
}

/** Reads as far as the header goes, and gives what was read back with the rest. */
async function checked(file: ByteStream): Promise<OpenedWeights> {
  const { sizeBytes, chunks } = file
  const head: Buffer[] = []
  let headBytes = 0
  const readTo = async (end: number): Promise<Buffer> => {
    while (headBytes < end) {
      const next = await chunks.next()
      if (next.done) throw archiveError('truncated', 'ends too early')
      head.push(next.value)
      headBytes += next.value.byteLength
    }
    return Buffer.concat(head)
  }
  try {
    const read = async (offset: number, length: number) =>
      (await readTo(Math.min(offset + length, sizeBytes))).subarray(offset, offset + length)
    const header = await readSafetensorsHeader({ sizeBytes, read })
    return { sizeBytes, facts: safetensorsFacts(header), chunks: joined(head, chunks) }
  } catch (error) {
    await chunks.return()
    throw error
  }
}

async function* joined(
  head: readonly Buffer[],
  rest: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* head
    yield* rest
  } finally {
    await rest.return()
  }
}
