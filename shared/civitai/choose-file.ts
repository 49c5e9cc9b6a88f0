import type { CivitaiFile } from './file.ts'
import type { CivitaiFormat } from './file-format.ts'

/** Which of a version's files is wanted, in CivitAI's words or ours (`SafeTensor` or `safetensors`), any case. */
export interface CivitaiFileChoice {
  type?: string
  format?: string
  /** `full`, `pruned`. */
  size?: string
  /** `fp16`, `bf16`, … */
  fp?: string
}

/** What is never a model, whatever is marked as primary (contract §3). */
const NOT_WEIGHTS = new Set(['training data', 'config', 'workflow', 'archive'])
const MAIN_TYPES = new Set(['model', 'pruned model'])
/** What loads without running code first. */
const FORMATS: readonly CivitaiFormat[] = ['safetensors', 'gguf', 'pickle', 'zip', 'onnx', 'core-ml', 'other']

/** Whether a file holds weights, by its type. A type that is new counts as weights where its format is one of weights. */
function isWeights({ type, format }: CivitaiFile): boolean {
  if (NOT_WEIGHTS.has(type.toLowerCase())) return false
  return format !== 'other' || MAIN_TYPES.has(type.toLowerCase())
}

/**
 * The weights of a version: the main file before linked parts (VAE, text encoder), SafeTensor before Pickle, then the server's
 * own order: its primary, pruned, fp16. Null where no file of weights fits the choice.
 */
export function chooseFile(
  files: readonly CivitaiFile[],
  { modelType, choice }: { modelType: string | null; choice: CivitaiFileChoice },
): CivitaiFile | null {
  const fitting = files.filter((file) => isWeights(file) && fits(file, choice))
  const rankOf = (file: CivitaiFile): number[] => [
    isMain(file, modelType) ? 0 : 1,
    FORMATS.indexOf(file.format),
    file.isPrimary ? 0 : 1,
    file.size === 'pruned' || file.type === 'Pruned Model' ? 0 : 1,
    file.fp === 'fp16' ? 0 : 1,
    Number(file.id),
  ]
  return fitting.sort((a, b) => compare(rankOf(a), rankOf(b)))[0] ?? null
}

/** A VAE's own weights are of type `VAE`; beside a checkpoint the same type is a linked part. */
function isMain({ type }: CivitaiFile, modelType: string | null): boolean {
  const plain = (text: string): string => text.toLowerCase().replaceAll(' ', '')
  return MAIN_TYPES.has(type.toLowerCase()) || (modelType !== null && plain(type) === plain(modelType))
}

function fits(file: CivitaiFile, choice: CivitaiFileChoice): boolean {
  const wanted = (text: string | undefined, value: string | null): boolean =>
    text === undefined || text.toLowerCase() === value?.toLowerCase()
  // `SafeTensor` and `PickleTensor` are written without the s that ours has or at more length.
  const format = choice.format
    ?.toLowerCase()
    .replace(/^safetensor$/, 'safetensors')
    .replace(/^pickletensor$/, 'pickle')
  return (
    wanted(choice.type, file.type) &&
    wanted(format, file.format) &&
    wanted(choice.size, file.size) &&
    wanted(choice.fp, file.fp)
  )
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((rank, at) => rank !== b[at])
  return index < 0 ? 0 : (a[index] ?? 0) - (b[index] ?? 0)
}
