import type { Tensor } from './safetensors-tensor.ts'

/** A sign of an architecture in a tensor: its name, and where that is not enough its shape. */
interface Clue {
  name: RegExp
  baseModel: (shape: readonly number[]) => string | null
}

const byInput = (table: Readonly<Record<number, string>>) => (shape: readonly number[]) => table[shape[1] ?? 0] ?? null
const always = (baseModel: string) => () => baseModel

/** The half of an adapter's pair that faces the layer's input (in LoRA's and LyCORIS's spellings), or the layer itself. */
const inputSide = '(_lora)?[._](weight$|(lora[._])?down[._]|lora_down|lora_A|hada_w[12]_b)'

/** The width of the text encoder, which every cross-attention takes in. */
const textWidth = { 768: 'SD 1.5', 1024: 'SD 2.1', 1280: 'SDXL 1.0', 2048: 'SDXL 1.0' }

const flux2Width = { 6144: 'Flux.2 D', 4096: 'Flux.2 Klein 9B', 3072: 'Flux.2 Klein 4B' }
/** The smallest is as wide as Flux.1, so its adapters can't be told from that. */
const flux2AdapterWidth = { 6144: 'Flux.2 D', 4096: 'Flux.2 Klein 9B' }

/** In the order in which to try: newer architectures took over names of older ones, and are told by what they added. */
const clues: readonly Clue[] = [
  { name: /(^|[._])distilled_guidance_layer[._]/, baseModel: always('Chroma') },
  { name: /(^|[._])double_stream_modulation_img[._]/, baseModel: byInput(flux2Width) },
  {
    name: new RegExp(`(^|[._])(double_blocks[._]\\d+[._]img_attn[._]qkv|single_blocks[._]\\d+[._]linear1)${inputSide}`),
    baseModel: byInput(flux2AdapterWidth),
  },
  { name: /(^|[._])individual_token_refiner[._]/, baseModel: always('Hunyuan Video') },
  // Its adapters are named as Flux.1's, which has one double and two single blocks less.
  { name: /(^|[._])(double_blocks[._]19|single_blocks[._]3[89])[._]/, baseModel: always('Hunyuan Video') },
  { name: /(^|[._])joint_transformer_blocks[._]/, baseModel: always('AuraFlow') },
  { name: /(^|[._])joint_blocks[._]\d+[._]x_block[._]attn2/, baseModel: always('SD 3.5 Medium') },
  {
    name: new RegExp(`(^|[._])joint_blocks[._]\\d+[._]context_block[._]attn[._]qkv${inputSide}`),
    baseModel: byInput({ 1536: 'SD 3', 2432: 'SD 3.5 Large' }),
  },
  {
    name: new RegExp(`(^|[._])transformer_blocks[._]\\d+[._]attn[._]add_k_proj${inputSide}`),
    baseModel: byInput({ 1536: 'SD 3', 2432: 'SD 3.5 Large' }),
  },
  { name: /(^|[._])time_(stack|mixer)[._]/, baseModel: always('SVD') },
  { name: /(^|[._])blocks[._]\d+[._]cross_attn[._]k[._]/, baseModel: always('Wan Video') },
  { name: new RegExp(`[._]attn2[._](processor[._])?to_k${inputSide}`), baseModel: byInput(textWidth) },
  { name: /^conditioner\.embedders\.1\.|^lora_te2_text_model_|^clip_g$/, baseModel: always('SDXL 1.0') },
  { name: /^cond_stage_model\.transformer\.text_model\./, baseModel: always('SD 1.5') },
  { name: /^cond_stage_model\.model\./, baseModel: always('SD 2.1') },
  { name: new RegExp(`^lora_te_text_model_.*q_proj${inputSide}`), baseModel: byInput(textWidth) },
  { name: /^emb_params$/, baseModel: byInput(textWidth) },
]

const fluxBlocks = /(^|[._])(double_blocks|single_blocks|single_transformer_blocks)[._]\d+[._]/
/** Behind the last block: present in a whole model, absent from adapters and from most shards. */
const fluxEnd = /(^|\.)(final_layer\.linear|proj_out)\.weight$/
const fluxStart = /(^|\.)(txt_in|context_embedder)\.weight$/
/** Only the guided one (dev) is told how much to follow the prompt. */
const fluxGuidance = /(^|\.)(guidance_in|time_text_embed\.guidance_embedder)\./

/**
 * The base model by a file's tensors, for a file that says nothing in words, or null. Fine-tunes (Pony, Illustrious) have the
 * tensors of what they were made from, so this finds the architecture only.
 */
export function baseModelFromTensors(tensors: readonly Tensor[]): string | null {
  // Longer names are nobody's, and patterns needn't run over them.
  const named = tensors.filter((tensor) => tensor.name.length <= 300)
  for (const clue of clues) {
    for (const { name, shape } of named) {
      const baseModel = clue.name.test(name) ? clue.baseModel(shape) : null
      if (baseModel !== null) return baseModel
    }
  }
  const has = (pattern: RegExp): boolean => named.some((tensor) => pattern.test(tensor.name))
  if (!has(fluxBlocks)) return null
  return has(fluxStart) && has(fluxEnd) && !has(fluxGuidance) ? 'Flux.1 S' : 'Flux.1 D'
}
