import { bytesContent, type Content, joinContents } from './content.ts'
import { randomContent } from './random-content.ts'

/** Names as a LoRA trainer writes them. */
const TENSOR_NAMES = [
  'lora_unet_down_blocks_1_attentions_0_proj_in.lora_down.weight',
  'lora_unet_down_blocks_1_attentions_0_proj_in.lora_up.weight',
  'lora_unet_mid_block_attentions_0_proj_out.lora_down.weight',
  'lora_unet_mid_block_attentions_0_proj_out.lora_up.weight',
]
const F16_BYTES = 2

/**
 * A valid safetensors file of exactly `sizeBytes`: the header's length in 8 bytes, the header (JSON, padded with spaces),
 * then pseudo-random data that its tensors tile without hole or overlap. Throws a `RangeError` where it cannot be that small.
 */
export function safetensorsContent(spec: {
  sizeBytes: number
  seed: number
  metadata?: Readonly<Record<string, string>>
}): Content {
  const { sizeBytes, seed } = spec
  const metadata = spec.metadata ?? { format: 'pt' }
  // No offset has more digits than the size, so the header that is written fits into the length of this one.
  const roomBytes = Buffer.byteLength(JSON.stringify(headerOf(metadata, sizeBytes)))
  // Data begins at a multiple of 8 as the format's own writers have it, but an odd size needs an odd header.
  const headerBytes = Math.ceil(roomBytes / 8) * 8 + (sizeBytes % F16_BYTES)
  const dataBytes = sizeBytes - 8 - headerBytes
  if (dataBytes < F16_BYTES * TENSOR_NAMES.length) {
    throw new RangeError(`A safetensors file with this header cannot have ${sizeBytes} bytes.`)
  }
  const json = Buffer.from(JSON.stringify(headerOf(metadata, dataBytes)))
  const head = Buffer.alloc(8 + headerBytes, ' ')
  head.writeBigUInt64LE(BigInt(headerBytes), 0)
  json.copy(head, 8)
  return joinContents(bytesContent(head), randomContent(dataBytes, seed))
}

function headerOf(metadata: Readonly<Record<string, string>>, dataBytes: number): Record<string, unknown> {
  const numbers = Math.floor(dataBytes / F16_BYTES)
  const border = (index: number): number => Math.floor((numbers * index) / TENSOR_NAMES.length)
  const tensors = TENSOR_NAMES.map((name, index) => {
    const [begin, end] = [border(index), border(index + 1)]
    return [name, { dtype: 'F16', shape: [end - begin], data_offsets: [begin * F16_BYTES, end * F16_BYTES] }]
  })
  return { __metadata__: metadata, ...Object.fromEntries(tensors) }
}
