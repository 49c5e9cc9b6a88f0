import * as z from 'zod'
import type { Gate } from './model.ts'

/** A repo as a list shows it, or its own answer; what was not asked for is missing. */
export interface HubListedModel {
  repo: string
  author: string | null
  /** The commit of its main branch. */
  commit: string | null
  gated: Gate
  isPrivate: boolean
  /** Taken down. */
  isDisabled: boolean
  downloads: number | null
  likes: number | null
  tags: string[]
  /** `text-to-image`. */
  task: string | null
  library: string | null
  createdAt: Date | null
  updatedAt: Date | null
  /** `owner/name` of what it was made from; null where it does not say. */
  baseModel: string | null
  /** What its card says to write to call up what was trained. */
  instancePrompt: string | null
  /** Sizes and hashes only in its own answer, with `blobs`. */
  files: HubListedFile[]
}

export interface HubListedFile {
  path: string
  sizeBytes: number | null
  /** Lists have none, and git's own small files neither (contract §3). */
  sha256: string | null
}

const text = z
  .string()
  .nullish()
  .catch(null)
  .transform((value) => value?.trim() || null)
const flag = z
  .boolean()
  .nullish()
  .catch(null)
  .transform((value) => value ?? false)
const count = z
  .int()
  .nonnegative()
  .nullish()
  .catch(null)
  .transform((value) => value ?? null)
const date = z
  .string()
  .nullish()
  .catch(null)
  .transform((value) => {
    const read = new Date(value ?? Number.NaN)
    return Number.isNaN(read.getTime()) ? null : read
  })

const fileSchema = z
  .object({
    rfilename: z.string().min(1),
    size: count,
    lfs: z
      .object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: count })
      .nullish()
      .catch(null),
  })
  .transform(
    ({ rfilename, size, lfs }): HubListedFile => ({
      path: rfilename,
      sizeBytes: lfs?.size ?? size,
      sha256: lfs?.sha256 ?? null,
    }),
  )

/** Only the id is owed; old repos lack any of the rest, or have it in another shape. */
export const hubListedModelSchema = z
  .object({
    id: z.string().min(1).max(200),
    author: text,
    sha: z
      .string()
      .regex(/^[0-9a-f]{40}$/)
      .nullish()
      .catch(null),
    gated: z.union([z.literal(false), z.literal('auto'), z.literal('manual')]).catch(false),
    private: flag,
    disabled: flag,
    downloads: count,
    likes: count,
    tags: z.array(z.string()).catch([]),
    pipeline_tag: text,
    library_name: text,
    createdAt: date,
    lastModified: date,
    cardData: z
      .object({
        base_model: z
          .union([z.string(), z.array(z.string())])
          .nullish()
          .catch(null),
        instance_prompt: text,
      })
      .nullish()
      .catch(null),
    siblings: z.array(fileSchema).catch([]),
  })
  .transform(
    (repo): HubListedModel => ({
      repo: repo.id,
      author: repo.author ?? ownerOf(repo.id),
      commit: repo.sha ?? null,
      gated: repo.gated,
      isPrivate: repo.private,
      isDisabled: repo.disabled,
      downloads: repo.downloads,
      likes: repo.likes,
      tags: repo.tags,
      task: repo.pipeline_tag,
      library: repo.library_name,
      createdAt: repo.createdAt,
      updatedAt: repo.lastModified,
      baseModel: [repo.cardData?.base_model ?? []].flat()[0] ?? taggedBaseModel(repo.tags),
      instancePrompt: repo.cardData?.instance_prompt ?? null,
      files: repo.siblings,
    }),
  )

function ownerOf(repo: string): string | null {
  return repo.includes('/') ? (repo.split('/')[0] ?? null) : null
}

/** `base_model:org/name`, `base_model:adapter:org/name` (contract §2). */
function taggedBaseModel(tags: readonly string[]): string | null {
  for (const tag of tags) {
    const named = /^base_model:(?:[a-z]+:)?([^:]+)$/.exec(tag)?.[1]
    if (named !== undefined) return named
  }
  return null
}
