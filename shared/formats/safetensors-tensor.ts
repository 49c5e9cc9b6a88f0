import { parseJson } from './object-scanner.ts'
import { lyingHeader } from './safetensors-error.ts'

export interface Tensor {
  name: string
  /** As the header says it; the set is open. */
  dtype: string
  shape: readonly number[]
  /** Product of the shape. */
  parameters: number
  /** Relative to the data part, `end` excluded. */
  begin: number
  end: number
}

export interface DtypeTotal {
  bytes: number
  parameters: number
  tensors: number
}

/** Bits of one element. New types appear every year: one that is not here is taken by its offsets alone. */
const dtypeBits = new Map([
  ...['F4'].map((name) => [name, 4] as const),
  ...['F6_E2M3', 'F6_E3M2'].map((name) => [name, 6] as const),
  ...['BOOL', 'U8', 'I8', 'F8_E4M3', 'F8_E5M2', 'F8_E8M0', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ'].map(
    (name) => [name, 8] as const,
  ),
  ...['U16', 'I16', 'F16', 'BF16'].map((name) => [name, 16] as const),
  ...['U32', 'I32', 'F32'].map((name) => [name, 32] as const),
  ...['U64', 'I64', 'F64', 'C64'].map((name) => [name, 64] as const),
])

/**
 * One entry of the header, checked in itself.
 * @throws FinalError `safetensors.lying-header`
 * @throws ScanError when the text is not JSON
 */
export function parseTensor(name: string, json: Buffer): Tensor {
  const entry = parseJson(json)
  if (typeof entry !== 'object' || entry === null) throw lyingHeader('a tensor is described by no object', { name })
  // Not zod: a header has up to half a million of these.
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>
  if (typeof dtype !== 'string' || !/^[A-Z][A-Z0-9_]{0,31}$/i.test(dtype)) {
    throw lyingHeader('a tensor has no data type', { name })
  }
  if (!isSizes(shape)) throw lyingHeader('a tensor has a shape that is none', { name })
  if (!isSizes(offsets) || offsets.length !== 2) throw lyingHeader('a tensor has offsets that are none', { name })
  const [begin = 0, end = 0] = offsets
  if (begin > end) throw lyingHeader('a tensor ends before it begins', { name, begin, end })
  const parameters = shape.reduce((product, size) => product * size, 1)
  if (!Number.isSafeInteger(parameters)) throw lyingHeader('a tensor has an impossible shape', { name })
  const bits = dtypeBits.get(dtype)
  if (bits !== undefined && parameters * bits !== (end - begin) * 8) {
    throw lyingHeader('a tensor has another size than its shape says', {
      name,
      dtype,
      shape: shape.slice(0, 8),
      begin,
      end,
    })
  }
  // No type has less than a bit for an element: without this an unknown one could claim any number of parameters.
  if (parameters > (end - begin) * 8)
    throw lyingHeader('a tensor is smaller than its shape says', { name, dtype, shape: shape.slice(0, 8) })
  return { name, dtype, shape, parameters, begin, end }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}
