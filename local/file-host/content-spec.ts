import { bytesContent, type Content } from './content.ts'
import { randomContent } from './random-content.ts'
import { safetensorsContent } from './safetensors-content.ts'

/** What a file is made of. The same seed and size make the same bytes. */
export type ContentSpec =
  /** Some F16 tensors that tile the file exactly; `metadata` becomes the header's `__metadata__`. */
  | { kind: 'safetensors'; sizeBytes: number; seed: number; metadata?: Readonly<Record<string, string>> }
  | { kind: 'random'; sizeBytes: number; seed: number }
  | { kind: 'bytes'; bytes: Buffer }

/** Throws a `RangeError` where a safetensors file cannot be that small. */
export function createContent(spec: ContentSpec): Content {
  switch (spec.kind) {
    case 'safetensors':
      return safetensorsContent(spec)
    case 'random':
      return randomContent(spec.sizeBytes, spec.seed)
    case 'bytes':
      return bytesContent(spec.bytes)
  }
}
