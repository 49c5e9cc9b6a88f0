import { LOCAL_HUGGINGFACE_TOKEN } from '#local/huggingface/account.ts'
import type { RepoFileSpec, RepoSpec } from '#local/huggingface/repos.ts'
import { hostedSha256, type SourceCase, sha256Of, type Wanted, weights } from './source-case.ts'

/** A repo of the row's own. */
function ofRepo(
  title: string,
  repo: (key: string) => Omit<RepoSpec, 'id'>,
  want: (repo: { id: string; commit: string; sha256: (fileName: string) => string }) => Wanted,
): SourceCase {
  return {
    title,
    add(world, key) {
      const { id, commit } = world.huggingface.addRepo({ id: `local/${key}`, ...repo(key) })
      return want({ id, commit, sha256: (fileName) => hostedSha256(world, fileName) })
    },
  }
}

const lora = (path = 'lora.safetensors'): RepoFileSpec => ({ path, content: weights() })
const text = (path: string, value: unknown): RepoFileSpec => ({ path, content: JSON.stringify(value) })

const index = {
  _class_name: 'StableDiffusionPipeline',
  unet: ['diffusers', 'UNet2DConditionModel'],
  scheduler: ['diffusers', 'PNDMScheduler'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  safety_checker: [null, null],
}

/** Everything of Hugging Face that must work. */
export const huggingfaceCases: SourceCase[] = [
  ofRepo(
    'a repo of one file',
    () => ({ files: [{ path: 'README.md', content: '#' }, lora()] }),
    ({ id, commit, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id },
      objects: { '': sha256('lora.safetensors') },
      uri: new RegExp(`/${commit.slice(0, 12)}\\.safetensors$`),
    }),
  ),
  ofRepo(
    'a file of several',
    () => ({ files: [lora('cat.safetensors'), lora('styles/dog.safetensors')] }),
    ({ id, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id, file: 'styles/dog.safetensors' },
      objects: { '': sha256('dog.safetensors') },
    }),
  ),
  ofRepo(
    'another branch',
    (key) => ({ files: [lora('main.safetensors')], branches: { v2: [lora(`${key}-v2.safetensors`)] } }),
    ({ id, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id, revision: 'v2' },
      objects: { '': sha256('v2.safetensors') },
    }),
  ),
  ofRepo(
    'a pipeline: its components, one copy of each, under their names',
    () => ({
      files: [
        text('model_index.json', index),
        { path: 'README.md', content: '# A pipeline' },
        text('scheduler/scheduler_config.json', { name: 'PNDM' }),
        { path: 'tokenizer/merges.txt', content: '#version: 0.2\n' },
        text('unet/config.json', { layers: 2 }),
        { path: 'unet/diffusion_pytorch_model.safetensors', content: weights(600_000) },
        { path: 'unet/diffusion_pytorch_model.fp16.safetensors', content: weights() },
        { path: 'unet/diffusion_pytorch_model.bin', content: { kind: 'random', sizeBytes: 5_000, seed: 1 } },
        { path: 'unused/model.safetensors', content: weights() },
      ],
    }),
    ({ id, commit, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id },
      objects: {
        'model_index.json': sha256Of(JSON.stringify(index)),
        'scheduler/scheduler_config.json': sha256Of('{"name":"PNDM"}'),
        'tokenizer/merges.txt': sha256Of('#version: 0.2\n'),
        'unet/config.json': sha256Of('{"layers":2}'),
        'unet/diffusion_pytorch_model.safetensors': sha256('diffusion_pytorch_model.safetensors'),
      },
      shown: { sha256: undefined, format: 'safetensors', dtype: 'F16' },
      uri: new RegExp(`/${commit.slice(0, 12)}/$`),
    }),
  ),
  ofRepo(
    'patterns: what is allowed and not ignored',
    () => ({
      files: [
        lora('a/one.safetensors'),
        lora('a/two.safetensors'),
        lora('b/three.safetensors'),
        text('a/x.json', { x: 1 }),
      ],
    }),
    ({ id, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id, allowPatterns: ['a/*'], ignorePatterns: ['*/two.*'] },
      objects: { 'a/one.safetensors': sha256('one.safetensors'), 'a/x.json': sha256Of('{"x":1}') },
    }),
  ),
  ofRepo(
    'a manifest of the repo’s own among its files',
    () => ({ files: [lora('model.safetensors'), text('config.json', {}), text('manifest.json', { theirs: true })] }),
    ({ id, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id },
      objects: {
        'config.json': sha256Of('{}'),
        'manifest.json': sha256Of('{"theirs":true}'),
        'model.safetensors': sha256('model.safetensors'),
      },
    }),
  ),
  ofRepo(
    'a repo that has another name now',
    (key) => ({ files: [lora()], formerIds: [`before/${key}`] }),
    ({ id, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id.replace('local/', 'before/') },
      objects: { '': sha256('lora.safetensors') },
    }),
  ),
  ofRepo(
    'behind a gate that is open to our account',
    () => ({ files: [lora()], gated: 'manual', access: [LOCAL_HUGGINGFACE_TOKEN] }),
    ({ id, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id },
      objects: { '': sha256('lora.safetensors') },
    }),
  ),
  ofRepo(
    'a private pipeline: its small files want the token too',
    () => ({
      files: [text('config.json', { private: true }), lora('model.safetensors')],
      private: true,
      access: [LOCAL_HUGGINGFACE_TOKEN],
    }),
    ({ id, sha256 }) => ({
      fields: { engine: 'huggingface', hf_id: id },
      objects: { 'config.json': sha256Of('{"private":true}'), 'model.safetensors': sha256('model.safetensors') },
    }),
  ),
]
