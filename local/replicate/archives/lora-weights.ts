import { createHash } from 'node:crypto'

/** Enough layers to look like a LoRA, and few enough to be made in a moment: 16 KiB for each rank. */
const BLOCKS = 4
const WIDTH = 256
const LAYERS = ['attn.to_q', 'attn.to_k', 'attn.to_v', 'proj_out']
const BYTES_OF_BF16 = 2

/** A small LoRA of the shape that the flux trainer writes, as a safetensors file; the same seed makes the same bytes. */
export function loraWeights({ rank, seed }: { rank: number; seed: string }): Buffer {
  const tensors: Record<string, unknown> = {}
  let atByte = 0
  for (let block = 0; block < BLOCKS; block++) {
    for (const layer of LAYERS) {
      for (const [side, shape] of Object.entries({ lora_A: [rank, WIDTH], lora_B: [WIDTH, rank] })) {
        const endByte = atByte + rank * WIDTH * BYTES_OF_BF16
        const name = `transformer.single_transformer_blocks.${block}.${layer}.${side}.weight`
        tensors[name] = { dtype: 'BF16', shape, data_offsets: [atByte, endByte] }
        atByte = endByte
      }
    }
  }
  const metadata = { format: 'pt', software: '{"name": "ai-toolkit"}', ss_base_model_version: 'flux1' }
  const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...tensors }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.byteLength))
  return Buffer.concat([length, header, noise(seed, atByte)])
}

function noise(seed: string, sizeBytes: number): Buffer {
  // An output of any length for one input, and quick.
  return createHash('shake128', { outputLength: sizeBytes }).update(seed).digest()
}
