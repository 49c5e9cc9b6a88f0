import type { CivitaiFormat } from '../../civitai/file-format.ts'

/** How a model's weights are stored. `ckpt` is any pickle: loading one runs the code in it. */
export const MODEL_FORMATS = ['safetensors', 'ckpt', 'diffusers', 'gguf', 'onnx', 'core_ml', 'zip', 'other'] as const

export type RegistryFormat = (typeof MODEL_FORMATS)[number]

const CIVITAI_FORMATS: Readonly<Record<CivitaiFormat, RegistryFormat>> = {
  safetensors: 'safetensors',
  pickle: 'ckpt',
  gguf: 'gguf',
  onnx: 'onnx',
  'core-ml': 'core_ml',
  zip: 'zip',
  other: 'other',
}

/** By the end of a file's name, what loads without running code first. */
const WEIGHTS: readonly (readonly [name: RegExp, format: RegistryFormat])[] = [
  [/\.(safetensors|sft)$/i, 'safetensors'],
  [/\.gguf$/i, 'gguf'],
  [/\.onnx$/i, 'onnx'],
  [/\.(ckpt|pt|pth|bin)$/i, 'ckpt'],
]

/** Tags that say the same of a repo whose files were not listed. */
const TAGS: readonly (readonly [tag: string, format: RegistryFormat])[] = [
  ['safetensors', 'safetensors'],
  ['gguf', 'gguf'],
  ['onnx', 'onnx'],
  ['coreml', 'core_ml'],
  ['pytorch', 'ckpt'],
]

/** Of a file of CivitAI's. */
export function formatFromCivitai(file: { format: CivitaiFormat } | null): RegistryFormat | null {
  return file === null ? null : CIVITAI_FORMATS[file.format]
}

/** Whether a path of a repo names weights. */
export function isWeightsPath(path: string): boolean {
  return WEIGHTS.some(([name]) => name.test(path))
}

/** Of a repo by its files, else by its tags. A pipeline (`model_index.json`) is a folder, whatever its parts are stored as. */
export function formatFromHuggingFace(repo: {
  paths: readonly string[]
  tags: readonly string[]
}): RegistryFormat | null {
  const { paths, tags } = repo
  if (paths.includes('model_index.json')) return 'diffusers'
  const stored = WEIGHTS.find(([name]) => paths.some((path) => name.test(path)))
  if (stored !== undefined) return stored[1]
  if (paths.length === 0 && tags.some((tag) => /^diffusers:\w+Pipeline$/.test(tag))) return 'diffusers'
  return TAGS.find(([tag]) => tags.includes(tag))?.[1] ?? null
}

/** What model-sync has found a file to be (`format` of its document), in the registry's words; null for what it does not tell. */
export function storedFormat(word: string): RegistryFormat | null {
  if (word === 'pickle') return 'ckpt'
  return MODEL_FORMATS.find((format) => format === word) ?? null
}
