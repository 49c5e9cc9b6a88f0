import { readSafetensorsHeader } from '#shared/formats/safetensors.ts'
import { type SafetensorsFacts, safetensorsFacts } from '#shared/formats/safetensors-facts.ts'
import { readerOf, safetensorsStart, tensorEntries } from '../../../support/safetensors-file.ts'

type Tensors = Record<string, [dtype: string, ...shape: number[]]>

async function factsOf(
  metadata: Record<string, string>,
  tensors: Tensors = { w: ['F16', 2] },
): Promise<SafetensorsFacts> {
  const entries = tensorEntries(tensors)
  const start = safetensorsStart({ __metadata__: metadata, ...entries })
  const dataBytes = Math.max(...Object.values(entries).map((entry) => entry.data_offsets[1]))
  return safetensorsFacts(await readSafetensorsHeader({ sizeBytes: start.length + dataBytes, read: readerOf(start) }))
}

test('a LoRA of a trainer tells all it has', async () => {
  const tagFrequency = {
    '10_ohwx': { 'ohwx woman': 20, '1girl': 20, smile: 19, solo: 18, 'red hair': 16, hat: 15, outdoors: 3 },
  }
  const facts = await factsOf(
    {
      format: 'pt',
      'modelspec.architecture': 'stable-diffusion-xl-v1-base/lora',
      'modelspec.title': 'Ohwx',
      'modelspec.resolution': '1024x1024',
      ss_base_model_version: 'sdxl_base_v1-0',
      ss_sd_model_name: 'ponyDiffusionV6XL_v6.safetensors',
      ss_network_module: 'networks.lora',
      ss_network_dim: '32',
      ss_output_name: 'ohwx_v3',
      ss_tag_frequency: JSON.stringify(tagFrequency),
      ss_dataset_dirs: JSON.stringify({ '10_ohwx': { n_repeats: 10, img_count: 20 } }),
    },
    { 'a.lora_down.weight': ['F16', 32, 64], 'a.lora_up.weight': ['F16', 64, 32], 'a.alpha': ['F32'] },
  )
  expect(facts).toEqual({
    dtype: 'F16',
    dtypes: { F16: 4096, F32: 1 },
    parameterCount: 4097,
    tensorCount: 3,
    framework: 'pt',
    baseModelHint: 'Pony',
    triggerWords: ['ohwx woman', 'smile', 'red hair'],
    title: 'Ohwx',
    recommendedWeight: null,
    networkModule: 'networks.lora',
    rank: 32,
    resolution: '1024x1024',
  })
})

test('a file without metadata tells what its tensors tell', async () => {
  const facts = await factsOf({}, { 'a.lora_A.weight': ['BF16', 8, 4], scale: ['F32', 2] })
  expect(facts).toMatchObject({ dtype: 'BF16', rank: 8, baseModelHint: null, triggerWords: [], title: null })
})

describe('the base model', () => {
  test.each<[metadata: Record<string, string>, hint: string | null]>([
    [{ 'modelspec.architecture': 'stable-diffusion-v1' }, 'SD 1.5'],
    [{ 'modelspec.architecture': 'stable-diffusion-v2-768-v/lora' }, 'SD 2.1 768'],
    [{ 'modelspec.architecture': 'stable-diffusion-v2-512' }, 'SD 2.1'],
    [{ 'modelspec.architecture': 'stable-diffusion-xl-v1-base' }, 'SDXL 1.0'],
    [{ 'modelspec.architecture': 'stable-diffusion-xl-turbo-v1' }, 'SDXL Turbo'],
    [{ 'modelspec.architecture': 'stable-diffusion-3-m' }, 'SD 3'],
    [{ 'modelspec.architecture': 'stable-diffusion-3-5-large' }, 'SD 3.5 Large'],
    [{ 'modelspec.architecture': 'stable-diffusion-v3.5-medium' }, 'SD 3.5 Medium'],
    [{ 'modelspec.architecture': 'flux-1-dev/lora' }, 'Flux.1 D'],
    [{ 'modelspec.architecture': 'Flux.1-schnell' }, 'Flux.1 S'],
    [{ 'modelspec.architecture': 'Flux.1-AE' }, 'Flux.1 D'],
    [{ 'modelspec.architecture': 'flux-2-dev' }, 'Flux.2 D'],
    [{ 'modelspec.architecture': 'chroma' }, 'Chroma'],
    [{ 'modelspec.architecture': 'lumina-2' }, 'Lumina'],
    [{ ss_base_model_version: 'sd_v1' }, 'SD 1.5'],
    [{ ss_base_model_version: 'sd_1.5' }, 'SD 1.5'],
    [{ ss_base_model_version: 'sdxl_' }, 'SDXL 1.0'],
    [{ ss_base_model_version: 'flux1' }, 'Flux.1 D'],
    [{ ss_base_model_version: 'sd3' }, 'SD 3'],
    [{ ss_base_model_version: 'qwen_image' }, 'Qwen'],
    [{ ss_base_model_version: 'wan2.1' }, 'Wan Video'],
    [{ ss_v2: 'True' }, 'SD 2.1'],
    [{ ss_sd_model_name: 'animefull-final-pruned-fp16.safetensors' }, 'SD 1.5'],
    [{ ss_sd_model_name: 'v1-5-pruned-emaonly.ckpt' }, 'SD 1.5'],
    [{ ss_sd_model_name: 'C:\\models\\flux\\sd_xl_base_1.0.safetensors' }, 'SDXL 1.0'],
    [{ ss_sd_model_name: '/pony/models/realisticVision_v5.safetensors' }, null],
    // The model trained on says it more exactly, unless it contradicts what was trained.
    [{ ss_base_model_version: 'sdxl_base_v1-0', ss_sd_model_name: 'Illustrious-XL-v0.1.safetensors' }, 'Illustrious'],
    [{ ss_base_model_version: 'sdxl_base_v1-0', ss_sd_model_name: 'noobaiXLNAIXL_vPred10.safetensors' }, 'NoobAI'],
    [{ ss_base_model_version: 'flux1', ss_sd_model_name: 'flux1-schnell.safetensors' }, 'Flux.1 S'],
    [{ ss_base_model_version: 'sd_v1', ss_sd_model_name: 'ponyDiffusionV6XL.safetensors' }, 'SD 1.5'],
    [{ 'modelspec.architecture': 'something-new', ss_base_model_version: 'sdxl_base_v1-0' }, 'SDXL 1.0'],
    [{ 'modelspec.architecture': 'something-new' }, null],
  ])('%j is %s', async (metadata, hint) => {
    expect((await factsOf(metadata)).baseModelHint).toBe(hint)
  })

  test.each([
    ['a newer architecture', 'hunyuan-image-2.1', null],
    ['nothing', '', 'SDXL 1.0'],
    ['that it knows none', 'Unknown', 'SDXL 1.0'],
  ])(
    'is guessed from tensors only in a file that does not state it; here it states %s (%j)',
    async (_what, architecture, hint) => {
      const facts = await factsOf({ 'modelspec.architecture': architecture }, { clip_g: ['F32', 2, 1280] })
      expect(facts.baseModelHint).toBe(hint)
    },
  )

  const kohya = 'lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k'
  const kohyaXl = 'lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k'
  const ldm = 'model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight'
  const flux = 'model.diffusion_model.double_blocks.0.img_attn.qkv.weight'
  test.each<[what: string, tensors: Tensors, hint: string | null]>([
    ['checkpoint', { [ldm]: ['F16', 640, 768] }, 'SD 1.5'],
    ['checkpoint', { [ldm]: ['F16', 640, 1024] }, 'SD 2.1'],
    ['checkpoint', { [ldm]: ['F16', 640, 2048] }, 'SDXL 1.0'],
    ['text encoders', { 'conditioner.embedders.1.model.ln_final.weight': ['F16', 4] }, 'SDXL 1.0'],
    ['text encoder', { 'cond_stage_model.transformer.text_model.final_layer_norm.bias': ['F16', 4] }, 'SD 1.5'],
    [
      'LoRA of Kohya',
      { [`${kohya}.lora_up.weight`]: ['F16', 640, 8], [`${kohya}.lora_down.weight`]: ['F16', 8, 768] },
      'SD 1.5',
    ],
    ['LoRA of Kohya', { [`${kohyaXl}.lora_down.weight`]: ['F16', 8, 2048] }, 'SDXL 1.0'],
    ['LoHa', { [`${kohya}.hada_w1_a`]: ['F16', 640, 8], [`${kohya}.hada_w1_b`]: ['F16', 8, 768] }, 'SD 1.5'],
    [
      'LoRA of PEFT',
      { 'unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight': ['F32', 4, 2048] },
      'SDXL 1.0',
    ],
    [
      'LoRA of diffusers',
      { 'unet.mid_block.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight': ['F32', 4, 768] },
      'SD 1.5',
    ],
    ['LoRA of a text encoder', { lora_te2_text_model_encoder_layers_0_mlp_fc1: ['F16', 1] }, 'SDXL 1.0'],
    [
      'LoRA of a text encoder',
      { 'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight': ['F16', 8, 1024] },
      'SD 2.1',
    ],
    ['LoRA of Kohya', { 'lora_unet_double_blocks_0_img_attn_proj.lora_down.weight': ['BF16', 8, 4] }, 'Flux.1 D'],
    ['LoRA of PEFT', { 'transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight': ['BF16', 8, 4] }, 'Flux.1 D'],
    ['LoRA', { 'diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight': ['BF16', 1, 6144] }, 'Flux.2 D'],
    ['LoRA', { 'diffusion_model.single_blocks.40.linear1.lora_A.weight': ['BF16', 1, 6144] }, 'Flux.2 D'],
    ['LoRA', { 'diffusion_model.double_blocks.19.img_attn.proj.lora_A.weight': ['BF16', 1, 4] }, 'Hunyuan Video'],
    [
      'checkpoint',
      { [flux]: ['BF16', 4, 4], 'model.diffusion_model.guidance_in.in_layer.bias': ['BF16', 4] },
      'Flux.1 D',
    ],
    [
      'whole checkpoint',
      { [flux]: ['BF16', 4, 4], 'txt_in.weight': ['BF16', 4], 'final_layer.linear.weight': ['BF16', 4] },
      'Flux.1 S',
    ],
    ['checkpoint', { [flux]: ['BF16', 4, 4], 'distilled_guidance_layer.in_proj.weight': ['BF16', 4] }, 'Chroma'],
    ['checkpoint', { 'double_stream_modulation_img.lin.weight': ['BF16', 1, 4096] }, 'Flux.2 Klein 9B'],
    ['checkpoint', { 'model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight': ['F16', 1, 1536] }, 'SD 3'],
    [
      'checkpoint',
      { 'model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight': ['F16', 1, 2432] },
      'SD 3.5 Large',
    ],
    ['checkpoint', { 'model.diffusion_model.joint_blocks.0.x_block.attn2.qkv.weight': ['F16', 4] }, 'SD 3.5 Medium'],
    ['LoRA', { 'diffusion_model.blocks.0.cross_attn.k.lora_A.weight': ['F16', 4, 4] }, 'Wan Video'],
    ['embedding', { clip_g: ['F32', 2, 1280], clip_l: ['F32', 2, 768] }, 'SDXL 1.0'],
    ['embedding', { emb_params: ['F32', 2, 768] }, 'SD 1.5'],
    ['LoRA of another size', { [`${kohya}.lora_down.weight`]: ['F16', 8, 999] }, null],
    ['VAE', { 'encoder.conv_in.weight': ['F32', 4] }, null],
  ])('of a %s by its tensors %j is %s', async (_what, tensors, hint) => {
    expect((await factsOf({}, tensors)).baseModelHint).toBe(hint)
  })
})

describe('trigger words', () => {
  const tags = (frequency: unknown, dirs: unknown = {}) => ({
    ss_tag_frequency: JSON.stringify(frequency),
    ss_dataset_dirs: JSON.stringify(dirs),
  })
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`tag ${String(i).padStart(2, '0')}`, 100 - i]))

  test.each<[what: string, metadata: Record<string, string>, words: string[]]>([
    [
      'are those that are stated',
      { 'modelspec.trigger_phrase': 'ohwx, in the style of X ,ohwx,,OHWX', ...tags({ a: { b: 9 } }) },
      ['ohwx', 'in the style of X'],
    ],
    ['are in nearly all captions of a folder', tags({ a: { x: 10, y: 8, z: 7 }, b: { w: 3, v: 1 } }), ['x', 'y', 'w']],
    ['are measured by the number of pictures', tags({ a: { x: 10, y: 8 } }, { a: { img_count: 12 } }), ['x']],
    [
      'are measured by themselves where that number cannot be',
      tags({ a: { x: 10, y: 8 } }, { a: { img_count: 2 } }),
      ['x', 'y'],
    ],
    ['are added up over folders', tags({ a: { x: 5, y: 6 }, b: { x: 5 } }), ['x', 'y']],
    ['are no generic tags', tags({ a: { '1girl': 10, solo: 10, looking_at_viewer: 9, x: 9 } }), ['x']],
    ['are at most ten', tags({ a: many }), Object.keys(many).slice(0, 10)],
    ['are no whole captions', tags({ a: { [`a photo of ${'very '.repeat(20)}long`]: 9, x: 9 } }), ['x']],
    ['are not guessed from two pictures', tags({ a: { x: 2 } }), []],
    ['are not in broken JSON', { ss_tag_frequency: '{"a":{"x":' }, []],
    ['are not in JSON of another kind', tags([1, 'x', null, { a: 'b' }, { x: -5, y: 0.5, z: '9' }]), []],
    [
      'are no traps',
      { ss_tag_frequency: '{"__proto__":{"__proto__":9,"constructor":9}}' },
      ['__proto__', 'constructor'],
    ],
    ['are one line of visible text', { 'modelspec.trigger_phrase': ' a\u0000\u202Eb\u200B  c\td ' }, ['a b c d']],
  ])('%s', async (_what, metadata, words) => {
    expect((await factsOf(metadata)).triggerWords).toEqual(words)
  })
})

describe('single facts', () => {
  test.each<[metadata: Record<string, string>, facts: Partial<SafetensorsFacts>]>([
    [{ ss_resolution: '(512, 768)' }, { resolution: '512x768' }],
    [{ ss_resolution: '1024' }, { resolution: '1024x1024' }],
    [{ 'modelspec.resolution': 'large' }, { resolution: null }],
    [{ ss_network_dim: 'Dynamic' }, { rank: null }],
    [{ ss_network_dim: '-4' }, { rank: null }],
    [{ ss_network_dim: '1e3' }, { rank: 1000 }],
    [{ recommended_weight: '0.8' }, { recommendedWeight: 0.8 }],
    [{ recommended_weight: 'much' }, { recommendedWeight: null }],
    [{ recommended_weight: '1e300' }, { recommendedWeight: null }],
    [{ 'modelspec.title': '', ss_output_name: 'name' }, { title: 'name' }],
    [{ 'modelspec.title': 'None' }, { title: null }],
    [{ 'modelspec.title': `${'é'.repeat(500)}` }, { title: 'é'.repeat(100) }],
  ])('%j: %j', async (metadata, facts) => {
    expect(await factsOf(metadata)).toMatchObject(facts)
  })
})
