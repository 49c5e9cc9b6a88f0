// Run as a process of its own: `zip` or `tar`, and the file. Reads every byte that comes out, as a training's start and end
// do, and prints what came of it, what it took and the most memory that was resident.
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { peakMemoryMiB } from '#local/peak-memory.ts'
import { openTarFile } from '#shared/archives/tar-reader.ts'
import { listZip, readZipEntry } from '#shared/archives/zip-reader.ts'
import { processorMs } from '../../../support/processor-time.ts'

/** What comes of reading an archive. */
export interface ArchiveReading {
  /** `whole`, the code of a refusal, or what else was thrown. */
  outcome: string
  unpackedBytes: number
  /** Of processor, not of a busy machine. */
  ms: number
  /** Null where the kernel does not keep it. */
  peakMiB: number | null
}

const zipLimits = { maxEntries: 500, maxEntryBytes: 30_000_000, maxTotalBytes: 2_000_000_000, maxRatio: 100 }
const tarLimits = { maxEntries: 10_000, maxFileBytes: 2_000_000_000, maxTotalBytes: 4_000_000_000 }

let unpackedBytes = 0

async function readZip(path: string): Promise<void> {
  await using file = await open(path)
  const { size: sizeBytes } = await file.stat()
  const read = async (offset: number, length: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }
  for (const entry of await listZip({ read, sizeBytes, limits: zipLimits })) {
    for await (const chunk of readZipEntry(read, entry)) unpackedBytes += chunk.length
  }
}

async function readTar(path: string): Promise<void> {
  const chunks = createReadStream(path)
  const file = await openTarFile({ chunks, fileName: 'lora.safetensors', limits: tarLimits })
  for await (const chunk of file.chunks) unpackedBytes += chunk.length
}

async function main(): Promise<void> {
  const [kind = '', path = ''] = process.argv.slice(2)
  const beganAt = processorMs()
  let outcome = 'whole'
  try {
    await (kind === 'zip' ? readZip(path) : readTar(path))
  } catch (error) {
    outcome = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error)
  }
  const ms = processorMs() - beganAt
  console.log(
    JSON.stringify({ outcome, unpackedBytes, ms, peakMiB: peakMemoryMiB(process.pid) } satisfies ArchiveReading),
  )
}

void main()
