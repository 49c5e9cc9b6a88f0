import * as z from 'zod'
import { FinalError } from '../errors/app-error.ts'
import type { ApiClientOptions } from '../http/api-client-options.ts'
import { callHubForJson } from './call-hub.ts'
import { encodePath, encodeRevision } from './repo-path.ts'

/** Who may read the files: everybody, who has clicked, or whom a person let in (contract §2: not a boolean). */
export type Gate = false | 'auto' | 'manual'

/** A repo at one commit, without its files. */
export interface HubModel {
  /** After redirects: repos are renamed. */
  repo: string
  /** 40 hex digits: what every later call asks for. */
  commit: string
  gated: Gate
  /** `text-to-image`; null where the repo has none. */
  pipelineTag: string | null
  /** `diffusers`. */
  library: string | null
  tags: readonly string[]
  /** A repo (`owner/name`) that this one was made from; null where it does not say. */
  baseModel: string | null
}

const text = z.string().nullish().catch(null)

/** Fields are missing or odd in old repos; nothing but id and commit is worth refusing a model for. */
const modelSchema = z.object({
  id: z.string().min(1),
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  gated: z.union([z.literal(false), z.literal('auto'), z.literal('manual')]).catch(false),
  disabled: z.boolean().catch(false),
  pipeline_tag: text,
  library_name: text,
  tags: z.array(z.string()).catch([]),
  cardData: z
    .object({
      base_model: z
        .union([z.string(), z.array(z.string())])
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
})

/**
 * `GET /api/models/{repo}[/revision/{revision}]` (contract §3). The only call that may name a branch: a branch can move before
 * the next one. Throws `huggingface.disabled` too.
 */
export async function getModel(
  options: ApiClientOptions,
  params: { repo: string; revision: string | null; signal?: AbortSignal | undefined },
): Promise<HubModel> {
  const { repo, revision, signal } = params
  const at = revision === null ? '' : `/revision/${encodeRevision(revision)}`
  const target = `/api/models/${encodePath(repo)}${at}` as const
  const body = await callHubForJson(options, { target, subject: { repo, revision }, signal }, modelSchema)
  if (body.disabled) {
    const message = `Hugging Face has taken ${repo} down; it cannot be copied.`
    throw new FinalError({ code: 'huggingface.disabled', message, facts: { repo } })
  }
  return {
    repo: body.id,
    commit: body.sha,
    gated: body.gated,
    pipelineTag: body.pipeline_tag ?? null,
    library: body.library_name ?? null,
    tags: body.tags,
    baseModel: firstBaseModel(body.cardData?.base_model) ?? taggedBaseModel(body.tags),
  }
}

function firstBaseModel(said: string | string[] | null | undefined): string | null {
  return (Array.isArray(said) ? said[0] : said) || null
}

/** `base_model:org/name`, `base_model:adapter:org/name` (contract §2). */
function taggedBaseModel(tags: readonly string[]): string | null {
  for (const tag of tags) {
    const named = /^base_model:(?:[a-z]+:)?([^:]+)$/.exec(tag)?.[1]
    if (named !== undefined) return named
  }
  return null
}
