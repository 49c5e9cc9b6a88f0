/** What a header says of a tensor. */
export interface TensorEntry {
  dtype: string
  shape: number[]
  data_offsets: [number, number]
}

const bytesOf: Record<string, number> = { F64: 8, I64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, U8: 1, BOOL: 1 }

/** Entries one behind the other, as writers lay them. */
export function tensorEntries(
  tensors: Record<string, [dtype: string, ...shape: number[]]>,
): Record<string, TensorEntry> {
  let at = 0
  return Object.fromEntries(
    Object.entries(tensors).map(([name, [dtype, ...shape]]) => {
      const begin = at
      at += shape.reduce((product, size) => product * size, bytesOf[dtype] ?? 1)
      return [name, { dtype, shape, data_offsets: [begin, at] }]
    }),
  )
}

/** The start of a file with this header: its length, then the text. */
export function safetensorsStart(header: unknown): Buffer {
  const json = typeof header === 'string' ? Buffer.from(header) : Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json])
}

/** A whole file with `dataBytes` zeros behind its header. */
export function safetensorsFile(header: unknown, dataBytes: number): Buffer {
  return Buffer.concat([safetensorsStart(header), Buffer.alloc(dataBytes)])
}

/** A reader of a file whose data nobody needs: only its start is in memory. */
export function readerOf(start: Buffer, reads: { offset: number; length: number }[] = []) {
  return async (offset: number, length: number): Promise<Buffer> => {
    reads.push({ offset, length })
    return start.subarray(offset, offset + length)
  }
}
