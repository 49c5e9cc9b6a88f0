import { FinalError } from '#shared/errors/app-error.ts'
import { checkedRemotePath } from './remote-path.ts'

/** A model in several safetensors files (contract huggingface.md §7). */
export interface ShardIndex {
  /** Their paths in the repository, each once, sorted. */
  shards: readonly string[]
  tensorCount: number
  /** Of the tensors together, without the headers; null where the index does not say. */
  totalBytes: number | null
}

/** The largest known ones have some 10 MB. */
const maxIndexBytes = 32 * 1024 * 1024
const maxShards = 10_000

/**
 * Reads `*.safetensors.index.json`. Shards are named relative to its folder.
 * @throws FinalError `safetensors.bad-index`, `model.bad-path`
 */
export function parseShardIndex(params: { bytes: Buffer; path: string }): ShardIndex {
  const { bytes, path } = params
  if (bytes.length > maxIndexBytes) throw badIndex(`it has ${bytes.length} bytes`)
  const index = parseObject(bytes)
  const weightMap = index.weight_map
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap))
    throw badIndex('it maps no weights')
  const files = Object.values(weightMap)
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const shards = new Set<string>()
  for (const file of files) {
    if (typeof file !== 'string' || !/\.(safetensors|sft)$/i.test(file))
      throw badIndex('it names a file of another format')
    shards.add(file)
    if (shards.size > maxShards) throw badIndex('it names absurdly many files')
  }
  if (shards.size === 0) throw badIndex('it maps no weights')
  return {
    // Checked by themselves first: together with the folder `..` could still lead out of it.
    shards: [...shards].map((file) => checkedRemotePath(`${folder}${checkedRemotePath(file)}`)).sort(),
    tensorCount: files.length,
    totalBytes: totalBytes(index.metadata),
  }
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  let index: unknown
  try {
    index = JSON.parse(bytes.toString())
  } catch {
    throw badIndex('it is not JSON')
  }
  if (typeof index !== 'object' || index === null) throw badIndex('it is no object')
  return index as Record<string, unknown>
}

function totalBytes(metadata: unknown): number | null {
  if (typeof metadata !== 'object' || metadata === null || !('total_size' in metadata)) return null
  const size = metadata.total_size
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null
}

function badIndex(why: string): FinalError {
  return new FinalError({
    code: 'safetensors.bad-index',
    message: `The list of the model's files cannot be used (${why}).`,
  })
}
