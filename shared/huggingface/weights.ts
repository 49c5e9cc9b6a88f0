import type { TreeEntry } from './tree.ts'

/** How weights are packed: what decides whether loading them can run code. */
export type WeightsFormat = 'safetensors' | 'gguf' | 'pickle'

/** Every extension of weights, the one to prefer first. */
const EXTENSIONS = {
  safetensors: 'safetensors',
  sft: 'safetensors',
  gguf: 'gguf',
  bin: 'pickle',
  pt: 'pickle',
  pth: 'pickle',
  ckpt: 'pickle',
  pkl: 'pickle',
  pickle: 'pickle',
} as const satisfies Record<string, WeightsFormat>

/** The same weights for other frameworks, and what a training run leaves behind. */
const FOREIGN_NAME =
  /^(?:openvino_|flax_model|tf_model|rust_model|(?:optimizer|scheduler)(?:_\d+)?\.(?:bin|pt)$|scaler\.pt$|training_args\.bin$|rng_state|random_states)|\.(?:onnx|onnx_data|onnx\.data|pb|h5|msgpack|ot|tflite|mlmodel|engine|index)$/i
const FOREIGN_FOLDER = /(?:^|\/)(?:onnx|openvino|coreml|\.git|\.cache|[^/]+\.mlpackage|[^/]+\.mlmodelc)\//i

/** A file of weights, its name taken apart: `{stem}.{variant}-00001-of-00002.{extension}`. */
export interface Weights {
  entry: TreeEntry
  folder: string
  /** As it is written: `diffusion_pytorch_model`. */
  stem: string
  /** The stem without `pytorch_`, which only pickles of some libraries have: the same for the same weights in both formats. */
  model: string
  /** `fp16`; null for the full weights, and in names that follow no convention. */
  variant: string | null
  /** Null for a file that is whole by itself. */
  shards: number | null
  extension: keyof typeof EXTENSIONS
  format: WeightsFormat
}

/** Names that the libraries look for by themselves. */
const CONVENTIONAL = /^(diffusion_pytorch_model|pytorch_model|model|adapter_model)(?:\.([a-z0-9_]+))?$/i

/** Weights that PyTorch's libraries can load; null for everything else. */
export function readWeights(entry: TreeEntry): Weights | null {
  if (isForeign(entry.path)) return null
  const { folder, name } = splitPath(entry.path)
  const dot = name.lastIndexOf('.')
  const extension = extensionOf(name.slice(dot + 1).toLowerCase())
  if (dot <= 0 || extension === null) return null
  // Both orders are in use: `model.fp16-00001-of-00002` and, older, `model-00001-of-00002.fp16`.
  const shard = /-\d{5}-of-(\d{5})/.exec(name)
  const base = name.slice(0, dot).replace(/-\d{5}-of-\d{5}/, '')
  const known = CONVENTIONAL.exec(base)
  return {
    entry,
    folder,
    stem: known?.[1] ?? base,
    model: known?.[1]?.toLowerCase().replace('pytorch_', '') ?? base,
    variant: known?.[2]?.toLowerCase() ?? null,
    shards: shard === null ? null : Number(shard[1]),
    extension,
    format: EXTENSIONS[extension],
  }
}

/** Whether the name is one that the libraries look for, so that it needs no choosing by people. */
export function isConventional({ model }: Pick<Weights, 'model'>): boolean {
  return ['model', 'diffusion_model', 'adapter_model'].includes(model)
}

/** For another framework or not for using at all: none of it is copied unless patterns ask for it. */
export function isForeign(path: string): boolean {
  return FOREIGN_FOLDER.test(path) || FOREIGN_NAME.test(splitPath(path).name)
}

/** The index of a sharded file: `model.safetensors.index.json`, `….safetensors.index.fp16.json`. */
export function isShardIndex(path: string): boolean {
  return /\.(?:safetensors|bin)\.index(?:\.[a-z0-9_]+)?\.json$/i.test(path)
}

/** Position in the order of preference, lower is better. */
export function formatRank({ extension }: Weights): number {
  return Object.keys(EXTENSIONS).indexOf(extension)
}

export function splitPath(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf('/')
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) }
}

function extensionOf(text: string): keyof typeof EXTENSIONS | null {
  return (Object.keys(EXTENSIONS) as (keyof typeof EXTENSIONS)[]).find((known) => known === text) ?? null
}
