import { FinalError } from '../errors/app-error.ts'
import { companionContent } from '../formats/file-kind.ts'
import { pathMatcher } from './patterns.ts'
import { selectSingle } from './select-single.ts'
import type { TreeEntry } from './tree.ts'
import { isConventional, isForeign, isShardIndex, readWeights, splitPath } from './weights.ts'
import { compareSets, hasIncompleteShards, type WeightsSet, weightsSets } from './weights-set.ts'

/** What of a repo is the model. */
export interface Selection {
  /** `file`: one file that is the model. `folder`: files that are the model together. */
  layout: 'file' | 'folder'
  files: readonly TreeEntry[]
}

export interface Choice {
  /** Every file of the repo, or of the folder in it that is meant; paths from there. */
  files: readonly TreeEntry[]
  /** Component folders of a diffusers pipeline; null where there is no `model_index.json`. */
  components: readonly string[] | null
  allowPatterns: readonly string[]
  ignorePatterns: readonly string[]
  repo: string
  /** As it was asked for. */
  revision: string | null
}

/** The file that makes a repo a diffusers pipeline and names its components. */
export const PIPELINE_INDEX = 'model_index.json'

/**
 * Decides which files of a repo are the model. The first row that fits:
 *
 * | the repo                                                  | the model                                                       |
 * | --------------------------------------------------------- | --------------------------------------------------------------- |
 * | allowed patterns are given                                | exactly what matches; one match is a file, more are a folder    |
 * | `model_index.json` (a diffusers pipeline)                 | a folder: the index, the components that it names, the licence  |
 * | `config.json` and `model.…`, `diffusion_pytorch_model.…`, | a folder: these weights and the texts beside them               |
 * | … (transformers, a single diffusers model), or PEFT's     |                                                                 |
 * | `adapter_config.json` and `adapter_model.…`               |                                                                 |
 * | other weights at the top; failing these, anywhere         | one file: see `selectSingle`                                    |
 *
 * Of weights that are there more than once, one copy is taken in each folder (`compareSets`): safetensors before pickles, full
 * before fp16. Files for other frameworks (ONNX, OpenVINO, Flax, TensorFlow, …) and leftovers of training only come with
 * allowed patterns. Ignored patterns are taken away before all this.
 *
 * Throws `huggingface.no-weights`, `.incomplete-shards`, `.ambiguous`.
 */
export function selectFiles(choice: Choice): Selection {
  const { allowPatterns, ignorePatterns, components, repo } = choice
  const isWanted = pathMatcher(allowPatterns, ignorePatterns)
  const files = choice.files.filter(({ path }) => !isGitOwn(path) && isWanted(path))
  if (allowPatterns.length > 0) {
    if (files.length === 0) throw noWeights(repo, 'no file that matches the patterns')
    return { layout: files.length === 1 ? 'file' : 'folder', files }
  }
  if (components !== null) return folderOf(selectPipeline(files, components, repo), repo)
  const top = files.filter(({ path }) => !path.includes('/'))
  if (isLibraryFolder(top)) {
    return folderOf([...selectWeights(top, repo), ...top.filter(({ path }) => isCompanion(path))], repo)
  }
  const single = selectSingle({ ...choice, files })
  if (single === null)
    throw hasIncompleteShards(files, []) ? incompleteShards(repo) : noWeights(repo, 'no weights that can be used')
  const { weights, indexes } = single
  if (weights.length === 1) return { layout: 'file', files: weights.map(({ entry }) => entry) }
  return folderOf([...weights.map(({ entry }) => entry), ...indexes], repo)
}

/** What diffusers' own loader takes of a pipeline: the components that its index names, and a few files at the top. */
function selectPipeline(files: readonly TreeEntry[], components: readonly string[], repo: string): TreeEntry[] {
  const chosen = files.filter(({ path }) => PIPELINE_TOP.test(path))
  for (const component of components) {
    const own = files.filter(({ path }) => path.startsWith(`${component}/`))
    chosen.push(...selectWeights(own, repo), ...own.filter(({ path }) => isCompanion(path)))
  }
  return chosen
}

const PIPELINE_TOP =
  /^(?:model_index\.json|config\.json|scheduler_config\.json|(?:licen[cs]e|notice)(?:\.(?:txt|md))?)$/i

/** One copy of each model's weights. Beside names that the libraries look for, others are copies under names of people. */
function selectWeights(files: readonly TreeEntry[], repo: string): TreeEntry[] {
  const sets = weightsSets(files)
  if (sets.length === 0 && hasIncompleteShards(files, sets)) throw incompleteShards(repo)
  const byFolder = Map.groupBy(sets, ({ weights: [first] }) => first?.folder ?? '')
  return [...byFolder.values()].flatMap((inFolder) => {
    const conventional = inFolder.filter(isConventional)
    const byModel = Map.groupBy(conventional.length > 0 ? conventional : inFolder, ({ model }) => model)
    return [...byModel.values()].flatMap((copies) => entriesOf(copies.toSorted(compareSets)[0]))
  })
}

function entriesOf(set: WeightsSet | undefined): TreeEntry[] {
  return set === undefined ? [] : [...set.weights.map(({ entry }) => entry), ...set.indexes]
}

/** A config of a library, and weights under the name that it looks for beside it. */
function isLibraryFolder(top: readonly TreeEntry[]): boolean {
  const names = new Set(top.map(({ path }) => path))
  const models = new Set(top.flatMap((entry) => readWeights(entry) ?? []).map(({ model }) => model))
  if (names.has('adapter_config.json') && models.has('adapter_model')) return true
  return names.has('config.json') && (models.has('model') || models.has('diffusion_model'))
}

/**
 * Configurations, tokenizers and the licence; no pictures and papers of the author. Custom code (`.py`) is no companion either:
 * it runs when the model is loaded, as a pickle does.
 */
function isCompanion(path: string): boolean {
  if (isShardIndex(path) || isForeign(path)) return false
  const { name } = splitPath(path)
  if (/^(?:licen[cs]e|notice)\b/i.test(name)) return companionContent(path) !== null
  return companionContent(path) !== null && !/^readme|\.(?:md|csv|tsv|png|jpe?g|webp|gif)$/i.test(name)
}

/** Git's, and the Hub's, own bookkeeping. */
function isGitOwn(path: string): boolean {
  const { name } = splitPath(path)
  return name === '.gitattributes' || name === '.gitignore'
}

function folderOf(files: readonly TreeEntry[], repo: string): Selection {
  if (!files.some((entry) => readWeights(entry) !== null)) throw noWeights(repo, 'no weights that can be used')
  return { layout: 'folder', files }
}

function noWeights(repo: string, what: string): FinalError {
  const message = `${repo} at Hugging Face has ${what}; name a file as ${repo}:file, or patterns.`
  return new FinalError({ code: 'huggingface.no-weights', message, facts: { repo } })
}

function incompleteShards(repo: string): FinalError {
  const message = `${repo} at Hugging Face lacks a part of its weights (a shard is missing); ask its author.`
  return new FinalError({ code: 'huggingface.incomplete-shards', message, facts: { repo } })
}
