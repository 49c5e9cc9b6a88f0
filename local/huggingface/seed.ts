import type { RepoFileSpec } from './repo-file.ts'
import type { RepoSpec } from './repos.ts'

const MiB = 1024 * 1024

const weights = (path: string, sizeBytes: number, seed: number): RepoFileSpec => ({
  path,
  content: { kind: 'safetensors', sizeBytes, seed, metadata: { format: 'pt' } },
})
const json = (path: string, value: unknown): RepoFileSpec => ({ path, content: `${JSON.stringify(value, null, 2)}\n` })

/** Repos to play with in the local cloud: a LoRA in one file, a small pipeline of many files, and one behind a gate. */
export const SEED_REPOS: readonly RepoSpec[] = [
  {
    id: 'local/pixel-portrait-lora',
    pipelineTag: 'text-to-image',
    library: 'diffusers',
    tags: ['lora', 'license:mit'],
    baseModel: 'stabilityai/stable-diffusion-xl-base-1.0',
    files: [
      { path: 'README.md', content: '---\nlicense: mit\n---\n\n# Pixel portraits\n' },
      {
        path: 'pixel-portrait-lora.safetensors',
        content: {
          kind: 'safetensors',
          sizeBytes: 24 * MiB,
          seed: 1,
          metadata: { format: 'pt', ss_base_model_version: 'sdxl_base_v1-0', 'modelspec.trigger_phrase': 'pxlprtrt' },
        },
      },
    ],
  },
  {
    id: 'local/tiny-diffusion',
    formerIds: ['local/tiny-stable-diffusion'],
    pipelineTag: 'text-to-image',
    library: 'diffusers',
    tags: ['diffusers:StableDiffusionPipeline', 'license:openrail'],
    files: [
      { path: 'README.md', content: '# Tiny diffusion\n' },
      json('model_index.json', {
        _class_name: 'StableDiffusionPipeline',
        _diffusers_version: '0.35.0',
        safety_checker: [null, null],
        scheduler: ['diffusers', 'PNDMScheduler'],
        text_encoder: ['transformers', 'CLIPTextModel'],
        tokenizer: ['transformers', 'CLIPTokenizer'],
        unet: ['diffusers', 'UNet2DConditionModel'],
        vae: ['diffusers', 'AutoencoderKL'],
      }),
      json('scheduler/scheduler_config.json', { _class_name: 'PNDMScheduler' }),
      json('text_encoder/config.json', { architectures: ['CLIPTextModel'] }),
      weights('text_encoder/model.safetensors', 6 * MiB, 2),
      { path: 'text_encoder/pytorch_model.bin', content: { kind: 'random', sizeBytes: 6 * MiB, seed: 3 } },
      json('tokenizer/vocab.json', { '<|startoftext|>': 0 }),
      { path: 'tokenizer/merges.txt', content: '#version: 0.2\n' },
      json('unet/config.json', { _class_name: 'UNet2DConditionModel' }),
      weights('unet/diffusion_pytorch_model.safetensors', 40 * MiB, 4),
      weights('unet/diffusion_pytorch_model.fp16.safetensors', 20 * MiB, 5),
      json('vae/config.json', { _class_name: 'AutoencoderKL' }),
      weights('vae/diffusion_pytorch_model.safetensors', 8 * MiB, 6),
    ],
  },
  {
    id: 'local/gated-portrait',
    gated: 'manual',
    pipelineTag: 'text-to-image',
    tags: ['license:other'],
    files: [{ path: 'README.md', content: '# Ask for access\n' }, weights('gated-portrait.safetensors', 16 * MiB, 7)],
  },
]
