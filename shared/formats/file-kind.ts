import { pathExtension } from './model-format.ts'

/** What a file is to a model: the weights themselves, or what a folder model has beside them. */
export type FileKind = 'weights' | 'companion'

export const weightExtensions: ReadonlySet<string> = new Set([
  ...['.safetensors', '.sft', '.gguf', '.onnx'],
  // These hold pickles, mostly.
  ...['.ckpt', '.pt', '.pth', '.bin', '.pkl', '.pickle'],
])

/** What each companion's bytes must be; `data` is anything that is none of the formats which are refused everywhere. */
export type CompanionContent = 'json' | 'text' | 'image' | 'data'

const companions: Readonly<Record<CompanionContent, readonly string[]>> = {
  json: ['.json'],
  text: ['.txt', '.md', '.yaml', '.yml', '.jinja', '.csv', '.tsv', '.bpe', '.vocab'],
  image: ['.png', '.jpg', '.jpeg', '.webp', '.gif'],
  // Tokenizers (SentencePiece, tiktoken) and an ONNX model's weights, which have no magic.
  data: ['.model', '.spm', '.tiktoken', '.onnx_data', '.data'],
}
const nameless: ReadonlySet<string> = new Set(['license', 'notice', 'readme', '.gitattributes', '.gitignore'])

/** What a companion's bytes must be, or null where no model needs such a file (`.py`, `.sh`, archives, other frameworks' weights). */
export function companionContent(path: string): CompanionContent | null {
  if (nameless.has(path.slice(path.lastIndexOf('/') + 1).toLowerCase())) return 'text'
  const extension = pathExtension(path)
  const kinds = Object.keys(companions) as CompanionContent[]
  return kinds.find((kind) => companions[kind].includes(extension)) ?? null
}

/** By its name, what a file of a folder model is; null for one that is better left where it is. */
export function fileKindOf(path: string): FileKind | null {
  if (weightExtensions.has(pathExtension(path))) return 'weights'
  return companionContent(path) === null ? null : 'companion'
}
