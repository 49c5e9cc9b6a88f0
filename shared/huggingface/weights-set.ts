import type { TreeEntry } from './tree.ts'
import { formatRank, isShardIndex, readWeights, splitPath, type Weights } from './weights.ts'

/** One copy of one model's weights: a file, or all shards of it. */
export interface WeightsSet {
  /** Of the same model there may be several: other formats, variants, shards. */
  model: string
  variant: string | null
  weights: readonly Weights[]
  /** Of a sharded one. */
  indexes: readonly TreeEntry[]
}

/** All complete sets, each in one folder. Shards of which one is missing are none. */
export function weightsSets(entries: readonly TreeEntry[]): WeightsSet[] {
  const groups = new Map<string, Weights[]>()
  for (const weights of entries.flatMap((entry) => readWeights(entry) ?? [])) {
    // All of a name but the shard's own number: both orders of variant and number may be there, each whole.
    const key = weights.entry.path.replace(/-\d{5}-of-/, '-of-')
    groups.set(key, [...(groups.get(key) ?? []), weights])
  }
  const indexes = entries.filter(({ path }) => isShardIndex(path))
  return [...groups.values()].flatMap((weights) => {
    const [first] = weights
    if (first === undefined || (first.shards !== null && first.shards !== weights.length)) return []
    const own = first.shards === null ? [] : indexes.filter((index) => isIndexOf(index.path, first))
    return [{ model: first.model, variant: first.variant, weights, indexes: own }]
  })
}

/** Whether shards of this stem are there, but not all of them. */
export function hasIncompleteShards(entries: readonly TreeEntry[], sets: readonly WeightsSet[]): boolean {
  const complete = new Set(sets.flatMap((set) => set.weights.map(({ entry }) => entry.path)))
  return entries.some((entry) => {
    const weights = readWeights(entry)
    return weights !== null && weights.shards !== null && !complete.has(entry.path)
  })
}

/**
 * Orders sets of one model, the one to copy first: safetensors before pickles; the full weights before a variant (libraries
 * look for a variant only when told to), fp16 before other variants; shards before the same in one file, as their index makes
 * the libraries take them.
 */
export function compareSets(a: WeightsSet, b: WeightsSet): number {
  return (
    rankOf(a).reduce((order, rank, at) => order || rank - (rankOf(b)[at] ?? 0), 0) || compareText(nameOf(a), nameOf(b))
  )
}

/** What a person calls it: the file, or the shards' common name. */
export function nameOf({ weights }: WeightsSet): string {
  return weights[0]?.entry.path.replace(/-\d{5}-of-\d{5}/, '') ?? ''
}

const VARIANTS = ['', 'fp16', 'bf16']

function rankOf({ weights: [first], variant }: WeightsSet): number[] {
  if (first === undefined) return []
  const known = VARIANTS.indexOf(variant ?? '')
  return [formatRank(first), known < 0 ? VARIANTS.length : known, first.shards === null ? 1 : 0]
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isIndexOf(indexPath: string, { folder, stem, variant, extension }: Weights): boolean {
  const names =
    variant === null
      ? [`${stem}.${extension}.index.json`]
      : [`${stem}.${extension}.index.${variant}.json`, `${stem}.${variant}.${extension}.index.json`]
  const index = splitPath(indexPath)
  return index.folder === folder && names.includes(index.name)
}
