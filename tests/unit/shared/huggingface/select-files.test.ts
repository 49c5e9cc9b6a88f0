import type { AppError } from '#shared/errors/app-error.ts'
import { selectFiles } from '#shared/huggingface/select-files.ts'

interface Case {
  files: string[]
  components?: string[]
  repo?: string
  allow?: string[]
  ignore?: string[]
}

function select({ files, components, repo = 'ada/model', allow = [], ignore = [] }: Case): string[] {
  const entries = files.map((path) => ({ kind: 'file', path, sizeBytes: 1, sha256: null, gitBlobSha1: null }) as const)
  const request = { repo, revision: null, allowPatterns: allow, ignorePatterns: ignore }
  try {
    const { layout, files } = selectFiles({ files: entries, components: components ?? null, ...request })
    return [layout, ...files.map(({ path }) => path).toSorted()]
  } catch (error) {
    return [(error as AppError).code]
  }
}

const noise = ['.gitattributes', 'README.md', 'sample.png', 'onnx/model.onnx', 'tf_model.h5', 'flax_model.msgpack']

describe('a single file', () => {
  test.each<[name: string, repo: string, files: string[], expected: string[]]>([
    ['the only weights', 'a/b', ['x.safetensors'], ['file', 'x.safetensors']],
    ['safetensors before a pickle', 'a/b', ['x.ckpt', 'y.safetensors', 'z.bin'], ['file', 'y.safetensors']],
    ['a pickle where there is nothing else', 'a/b', ['x.ckpt'], ['file', 'x.ckpt']],
    ['GGUF before a pickle', 'a/b', ['x.gguf', 'y.pt'], ['file', 'x.gguf']],
    ['the name libraries look for', 'a/b', ['model.safetensors', 'other.safetensors'], ['file', 'model.safetensors']],
    [
      'a LoRA by its usual name',
      'a/b',
      ['pytorch_lora_weights.safetensors', 'x.safetensors'],
      ['file', 'pytorch_lora_weights.safetensors'],
    ],
    [
      'the one named like the repo',
      'a/SDXL-Turbo',
      ['sdxl_turbo.safetensors', 'sdxl_turbo_vae.safetensors'],
      ['file', 'sdxl_turbo.safetensors'],
    ],
    [
      'of these the fullest',
      'a/sd-xl-turbo-1.0',
      ['sd_xl_turbo_1.0.safetensors', 'sd_xl_turbo_1.0_fp16.safetensors'],
      ['file', 'sd_xl_turbo_1.0.safetensors'],
    ],
    [
      'a full one before a pruned one',
      'a/sd',
      ['v1-5-pruned.safetensors', 'v1-5-pruned-emaonly.safetensors'],
      ['file', 'v1-5-pruned.safetensors'],
    ],
    ['the top before folders', 'a/b', ['x.safetensors', 'old/y.safetensors'], ['file', 'x.safetensors']],
    [
      'a folder’s where the top has none',
      'a/b',
      ['split_files/vae/x.safetensors'],
      ['file', 'split_files/vae/x.safetensors'],
    ],
    [
      'no leftovers of training',
      'a/b',
      ['optimizer.bin', 'scheduler.bin', 'random_states_0.pkl', 'x.bin'],
      ['file', 'x.bin'],
    ],
    ['sft is safetensors', 'a/b', ['ae.sft', 'ae.pt'], ['file', 'ae.sft']],
  ])('is %s', (_name, repo, files, expected) => {
    expect(select({ repo, files: [...noise, ...files] })).toEqual(expected)
  })

  test.each<[name: string, files: string[], code: string]>([
    ['several that differ', ['a.safetensors', 'b.safetensors'], 'huggingface.ambiguous'],
    [
      'two packings of which none is the full one',
      ['a-fp16.safetensors', 'a-fp8.safetensors'],
      'huggingface.ambiguous',
    ],
    ['several in folders', ['a/x.safetensors', 'b/y.safetensors'], 'huggingface.ambiguous'],
    ['several quantizations', ['m.Q4_0.gguf', 'm.Q8_0.gguf'], 'huggingface.ambiguous'],
    ['nothing', [], 'huggingface.no-weights'],
    ['weights for other frameworks only', ['model.onnx', 'openvino_model.bin'], 'huggingface.no-weights'],
    ['a name that is only an extension', ['.safetensors'], 'huggingface.no-weights'],
    ['one shard of two', ['x-00001-of-00002.safetensors'], 'huggingface.incomplete-shards'],
  ])('is not guessed: %s', (_name, files, code) => {
    expect(select({ files: [...noise, ...files] })).toEqual([code])
  })
})

describe('shards', () => {
  test('are one model, with their index', () => {
    const files = ['x-00001-of-00002.safetensors', 'x-00002-of-00002.safetensors', 'x.safetensors.index.json']
    expect(select({ files: [...files, 'y.safetensors.index.json'] })).toEqual(['folder', ...files])
  })

  test('win over the same in one file, as their index makes the libraries take them', () => {
    const shards = [
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'model.safetensors.index.json',
    ]
    expect(select({ files: ['config.json', 'model.safetensors', ...shards] })).toEqual([
      'folder',
      'config.json',
      ...shards,
    ])
  })

  test('are told apart by how they are named', () => {
    const older = ['model-00001-of-00002.fp16.safetensors', 'model-00002-of-00002.fp16.safetensors']
    const newer = ['model.fp16-00001-of-00002.safetensors', 'model.fp16-00002-of-00002.safetensors']
    expect(select({ files: ['config.json', ...older, ...newer] })).toEqual(['folder', 'config.json', ...older])
  })

  test('that are not all there don’t count beside a copy that is', () => {
    const files = [
      'config.json',
      'model-00001-of-00002.safetensors',
      'model.safetensors.index.json',
      'pytorch_model.bin',
    ]
    expect(select({ files })).toEqual(['folder', 'config.json', 'pytorch_model.bin'])
  })
})

describe('a library’s folder', () => {
  test('is its config, one copy of the weights, and what is read beside them', () => {
    expect(
      select({
        files: [
          ...noise,
          ...['config.json', 'tokenizer.json', 'vocab.txt', 'spiece.model', 'LICENSE', 'LICENSE.md', 'modeling.py'],
          ...['model.safetensors', 'pytorch_model.bin', 'training_args.bin', 'rust_model.ot', 'sub/model.safetensors'],
        ],
      }),
    ).toEqual([
      'folder',
      'LICENSE',
      'LICENSE.md',
      'config.json',
      'model.safetensors',
      'spiece.model',
      'tokenizer.json',
      'vocab.txt',
    ])
  })

  test('is a single diffusers model as well, with the full weights', () => {
    const weights = [
      'diffusion_pytorch_model.safetensors',
      'diffusion_pytorch_model.fp16.safetensors',
      'diffusion_pytorch_model.bin',
    ]
    expect(select({ files: ['config.json', ...weights] })).toEqual([
      'folder',
      'config.json',
      'diffusion_pytorch_model.safetensors',
    ])
  })

  test('is PEFT’s adapter', () => {
    const files = ['adapter_config.json', 'adapter_model.safetensors']
    expect(select({ files: [...files, 'adapter_model.bin'] })).toEqual(['folder', ...files])
  })

  test('is none where the weights have another name: then the config is only beside them', () => {
    expect(select({ files: ['config.json', 'my-lora.safetensors'] })).toEqual(['file', 'my-lora.safetensors'])
  })
})

describe('a diffusers pipeline', () => {
  const index = 'model_index.json'
  const pipeline = (files: string[], components: string[]) => select({ files: [...noise, index, ...files], components })

  test('is its components and nothing else of the repo', () => {
    expect(
      pipeline(
        [
          'sd_xl_base_1.0.safetensors',
          'LICENSE.md',
          'unet/config.json',
          'unet/diffusion_pytorch_model.safetensors',
        ].concat(['vae_1_0/diffusion_pytorch_model.safetensors', 'scheduler/scheduler_config.json', 'unet/readme.md']),
        ['unet', 'scheduler'],
      ),
    ).toEqual([
      'folder',
      'LICENSE.md',
      index,
      'scheduler/scheduler_config.json',
      'unet/config.json',
      'unet/diffusion_pytorch_model.safetensors',
    ])
  })

  test.each<[name: string, files: string[], expected: string[]]>([
    ['safetensors before pickles', ['model.safetensors', 'pytorch_model.bin'], ['model.safetensors']],
    ['full before fp16', ['model.fp16.safetensors', 'model.safetensors'], ['model.safetensors']],
    [
      'fp16 where there is no full one',
      ['model.bf16.safetensors', 'model.fp16.safetensors', 'pytorch_model.fp16.bin'],
      ['model.fp16.safetensors'],
    ],
    [
      'an fp16 of safetensors before a full pickle',
      ['model.fp16.safetensors', 'pytorch_model.bin'],
      ['model.fp16.safetensors'],
    ],
    [
      'not what only training needs',
      ['diffusion_pytorch_model.safetensors', 'diffusion_pytorch_model.non_ema.safetensors'],
      ['diffusion_pytorch_model.safetensors'],
    ],
    [
      'no OpenVINO, ONNX or Flax',
      [
        'openvino_model.bin',
        'openvino_model.xml',
        'model.onnx',
        'model.onnx_data',
        'flax_model.msgpack',
        'model.safetensors',
      ],
      ['model.safetensors'],
    ],
    ['no copies under other names', ['model.safetensors', 'my-copy.safetensors'], ['model.safetensors']],
    ['what there is where no name is known', ['weights.pt'], ['weights.pt']],
    [
      'shards of a variant with the variant’s index, in both ways of writing it',
      [
        'model.fp16-00001-of-00002.safetensors',
        'model.fp16-00002-of-00002.safetensors',
        'model.safetensors.index.fp16.json',
        'model.safetensors.index.json',
      ],
      [
        'model.fp16-00001-of-00002.safetensors',
        'model.fp16-00002-of-00002.safetensors',
        'model.safetensors.index.fp16.json',
      ],
    ],
    [
      'the older names of a variant’s shards',
      [
        'model-00001-of-00002.fp16.safetensors',
        'model-00002-of-00002.fp16.safetensors',
        'model.fp16.safetensors.index.json',
      ],
      [
        'model-00001-of-00002.fp16.safetensors',
        'model-00002-of-00002.fp16.safetensors',
        'model.fp16.safetensors.index.json',
      ],
    ],
  ])('takes of a component %s', (_name, files, expected) => {
    const inFolder = (names: string[]) => names.map((name) => `c/${name}`)
    expect(pipeline(inFolder(files), ['c'])).toEqual(['folder', ...inFolder(expected).toSorted(), index])
  })

  test('without weights that can be used is refused, and so is one that lacks a shard', () => {
    expect(pipeline(['unet/config.json', 'unet/model.onnx'], ['unet'])).toEqual(['huggingface.no-weights'])
    expect(pipeline(['unet/model-00001-of-00002.safetensors', 'vae/model.safetensors'], ['unet', 'vae'])).toEqual([
      'huggingface.incomplete-shards',
    ])
  })
})

describe('patterns', () => {
  const files = ['.gitattributes', 'model_index.json', 'unet/model.safetensors', 'unet/model.onnx', 'README.md']

  test('take what they match, other frameworks too', () => {
    expect(select({ files, allow: ['unet/*'] })).toEqual(['folder', 'unet/model.onnx', 'unet/model.safetensors'])
    expect(select({ files, allow: ['*.onnx'] })).toEqual(['file', 'unet/model.onnx'])
    expect(select({ files, allow: ['*'] })).not.toContain('.gitattributes')
  })

  test('that only ignore leave the rest to be judged as usual', () => {
    expect(select({ files: ['a.safetensors', 'b.safetensors'], ignore: ['b*'] })).toEqual(['file', 'a.safetensors'])
  })
})
