import { FinalError } from '../errors/app-error.ts'
import type { TreeEntry } from './tree.ts'
import { formatRank, isConventional, splitPath } from './weights.ts'
import { nameOf, type WeightsSet, weightsSets } from './weights-set.ts'

/**
 * The one model among files that no library's convention orders: LoRAs, checkpoints. Candidates are the weights at the top, or
 * anywhere where there are none; of the best format among them only (safetensors, GGUF, pickles). The first row that leaves one:
 *
 * | rule                                                                                       | example                      |
 * | ------------------------------------------------------------------------------------------ | ---------------------------- |
 * | there is only one                                                                          |                              |
 * | one has a name that libraries look for                                                     | `model`, `pytorch_lora_weights` |
 * | one is named like the repo, words such as `fp16`, `pruned`, `emaonly` not counted          | `sd_xl_turbo_1.0`            |
 * | they differ only in such words: the one with the fewest, which is the fullest              | `v1-5-pruned` of two         |
 *
 * Null where there are no weights. Throws `huggingface.ambiguous`, which lists up to five.
 */
export function selectSingle(choice: {
  files: readonly TreeEntry[]
  repo: string
  revision: string | null
}): WeightsSet | null {
  const { files, repo } = choice
  const atTop = weightsSets(files.filter(({ path }) => !path.includes('/')))
  const candidates = bestFormat(atTop.length > 0 ? atTop : weightsSets(files))
  if (candidates.length <= 1) return candidates[0] ?? null
  const known = candidates.filter((set) => (isConventional(set) && set.variant === null) || KNOWN_LORA.test(set.model))
  if (known.length === 1) return known[0] ?? null
  return plainest(candidates, repo) ?? raiseAmbiguous(candidates, choice)
}

const KNOWN_LORA = /^pytorch_lora_weights$/i
/** Say how a checkpoint was packed, not which it is. */
const PACKING_WORDS =
  /^(?:fp8|fp16|fp32|bf16|f16|f32|float16|float32|half|e4m3fn|pruned|emaonly|ema|only|nonema|noema|non|no)$/

function bestFormat(sets: readonly WeightsSet[]): WeightsSet[] {
  const rank = ({ weights: [first] }: WeightsSet): number => {
    // Pickles by other extensions are no better or worse than each other.
    if (first === undefined) return Number.POSITIVE_INFINITY
    return first.format === 'pickle' ? PICKLE_RANK : formatRank(first)
  }
  const best = Math.min(...sets.map(rank))
  return sets.filter((set) => rank(set) === best)
}

const PICKLE_RANK = 100

/** The candidate named like the repo, or the fullest where all are the same checkpoint; null where that leaves a choice. */
function plainest(candidates: readonly WeightsSet[], repo: string): WeightsSet | null {
  const named = candidates.map((set) => ({ set, ...readName(splitPath(nameOf(set)).name) }))
  const own = readName(`${repo.split('/').at(-1) ?? ''}.`).subject
  const likeRepo = named.filter(({ subject }) => subject === own)
  const same = likeRepo.length > 0 ? likeRepo : named
  if (new Set(same.map(({ subject }) => subject)).size > 1) return null
  const fewest = Math.min(...same.map(({ packing }) => packing))
  const fullest = same.filter(({ packing }) => packing === fewest)
  return fullest.length === 1 ? (fullest[0]?.set ?? null) : null
}

/** Which checkpoint a name means, and how many words of packing it carries. */
function readName(fileName: string): { subject: string; packing: number } {
  const words = fileName
    .slice(0, fileName.lastIndexOf('.'))
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  const subject = words.filter((word) => !PACKING_WORDS.test(word))
  return { subject: subject.join(''), packing: words.length - subject.length }
}

const LISTED = 5

function raiseAmbiguous(
  candidates: readonly WeightsSet[],
  { repo, revision }: { repo: string; revision: string | null },
): never {
  const names = candidates.map(nameOf).toSorted()
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : ''
  const list = names.slice(0, LISTED).join(', ')
  throw new FinalError({
    code: 'huggingface.ambiguous',
    message: `${repo} at Hugging Face holds several models (${list}${more}); name one as ${repo}@${revision ?? 'main'}:${names[0]}.`,
    facts: { repo, candidates: names.length },
  })
}
