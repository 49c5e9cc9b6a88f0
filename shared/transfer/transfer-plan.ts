import * as z from 'zod'

/** Parts end at multiples of this, the quantum of Cloud Storage's own uploads. */
const PART_QUANTUM_BYTES = 256 * 1024
/** Two levels of compose with 32 sources each. */
const MAX_PARTS = 1024

/** How a file is cut into parts, and which file it was cut from. */
export interface TransferLayout {
  /** Null while a source without a length is still sending. */
  sizeBytes: number | null
  partBytes: number
  /** The source's strong ETag, to which every later request is bound. */
  etag: string | null
  /** Of the content, as the source said on the way to it. */
  sha256: string | null
  /** Whether the source sends ranges; otherwise every try begins at its first byte. */
  ranges: boolean
}

/** What a copy must not forget between claims. Plain JSON: it is stored with the job before the first part is written. */
export interface TransferPlan {
  /** Null before the first answer, and after everything was thrown away. */
  layout: TransferLayout | null
  /** Complete copies that were not what the source had said. */
  mismatches: number
  /** How often the file changed at its source while it was copied. */
  changes: number
}

const count = z.number().int().nonnegative()

/** For whoever reads a stored plan back. */
export const transferPlanSchema: z.ZodType<TransferPlan> = z.object({
  layout: z
    .object({
      sizeBytes: count.nullable(),
      partBytes: count.positive(),
      etag: z.string().nullable(),
      sha256: z.string().nullable(),
      ranges: z.boolean(),
    })
    .nullable(),
  mismatches: count,
  changes: count,
})

export const NEW_PLAN: TransferPlan = { layout: null, mismatches: 0, changes: 0 }

/** The size of the parts of a file with at most `sizeBytes`: never more than two levels of compose can join. */
export function partBytesFor(sizeBytes: number, minPartBytes: number): number {
  const needed = Math.max(minPartBytes, Math.ceil(sizeBytes / MAX_PARTS))
  return Math.ceil(needed / PART_QUANTUM_BYTES) * PART_QUANTUM_BYTES
}

export function partCountOf(sizeBytes: number, partBytes: number): number {
  return Math.ceil(sizeBytes / partBytes)
}

/** Where a part lies in the file. The size is the planned one: what remains, for the last part of a known total. */
export function partRange(layout: TransferLayout, index: number): { first: number; sizeBytes: number } {
  const { partBytes, sizeBytes } = layout
  const first = index * partBytes
  return { first, sizeBytes: sizeBytes === null ? partBytes : Math.min(partBytes, sizeBytes - first) }
}
