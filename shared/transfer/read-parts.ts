import type { ReadAt } from '#shared/formats/safetensors.ts'
import type { PartStore, StoredPart } from './part-store.ts'

/** Reads bytes of a file whose parts are stored, wherever in it they lie. */
export function readParts(params: {
  store: PartStore
  /** All of them, in order. */
  parts: readonly StoredPart[]
  signal: AbortSignal
}): ReadAt {
  const { store, parts, signal } = params
  return async (offset, lengthBytes) => {
    const chunks: Buffer[] = []
    const end = offset + lengthBytes
    let partStart = 0
    for (const part of parts) {
      const partEnd = partStart + part.sizeBytes
      const first = Math.max(offset, partStart) - partStart
      const last = Math.min(end, partEnd) - partStart - 1
      if (first <= last) for await (const chunk of store.read(part, signal, { first, last })) chunks.push(chunk)
      partStart = partEnd
    }
    return Buffer.concat(chunks)
  }
}
