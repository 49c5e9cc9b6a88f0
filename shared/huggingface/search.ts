import * as z from 'zod'
import type { ApiClientOptions } from '../http/api-client-options.ts'
import { callHub, callHubForJson, parseAnswer } from './call-hub.ts'
import { type HubListedModel, hubListedModelSchema } from './listed-model.ts'
import { nextPage } from './next-page.ts'
import { encodePath } from './repo-path.ts'
import { badAnswer } from './translate-error.ts'

/** The words of the API (contract §2); all lists are descending. */
export type HubSort = 'downloads' | 'likes' | 'createdAt' | 'lastModified' | 'trendingScore'

export interface HubSearch {
  /** A part of the repo's id; null lists everything. */
  text: string | null
  /** All of them must be there: `lora`, `diffusers`, `base_model:org/name`. */
  tags: readonly string[]
  /** `text-to-image`. */
  task: string | null
  sort: HubSort
  /** 1 to 500. */
  limit: number
  /** Of the page before, asked with the same search. */
  cursor: string | null
  signal?: AbortSignal | undefined
}

export interface HubPage {
  models: HubListedModel[]
  /** Null at the end. */
  nextCursor: string | null
}

/** One odd repo is no reason to lose the others. */
const pageSchema = z.array(z.unknown()).transform((entries) =>
  entries.flatMap((entry) => {
    const parsed = hubListedModelSchema.safeParse(entry)
    return parsed.success ? [parsed.data] : []
  }),
)

/** One page of `GET /api/models` with files, tags and cards. One request. Throws `huggingface.…` errors. */
export async function searchHub(options: ApiClientOptions, search: HubSearch): Promise<HubPage> {
  const { signal, cursor } = search
  const call = { target: `/api/models?${queryOf(search)}`, subject: { repo: 'the list of models' }, signal } as const
  return await callHub(options, call, async (response) => {
    const models = await parseAnswer(response, pageSchema)
    const next = nextPage(response.headers.link, response.url)
    return { models, nextCursor: next === null ? null : cursorOf(next, { baseUrl: options.baseUrl, asked: cursor }) }
  })
}

/** A repo's own answer, with the sizes and hashes of its files. One request. Throws `huggingface.not-found`, `…gated` and others. */
export async function showHubModel(
  options: ApiClientOptions,
  repo: string,
  signal?: AbortSignal,
): Promise<HubListedModel> {
  const call = { target: `/api/models/${encodePath(repo)}?blobs=true`, subject: { repo }, signal } as const
  return await callHubForJson(options, call, hubListedModelSchema)
}

function queryOf(search: HubSearch): string {
  const query = new URLSearchParams({ sort: search.sort, limit: String(search.limit) })
  // The direction is older than the sort that implies it; both say the same.
  query.set('direction', '-1')
  query.set('full', 'true')
  query.set('cardData', 'true')
  if (search.text !== null) query.set('search', search.text)
  if (search.task !== null) query.set('pipeline_tag', search.task)
  for (const tag of search.tags) query.append('filter', tag)
  if (search.cursor !== null) query.set('cursor', search.cursor)
  return query.toString()
}

/** Only the cursor of the next page's address is kept: where we ask, and with which parameters, stays ours. */
function cursorOf(next: URL, { baseUrl, asked }: { baseUrl: string; asked: string | null }): string | null {
  if (next.origin !== new URL(baseUrl).origin) {
    throw badAnswer('the next page is at another host', { facts: { host: next.host } })
  }
  const cursor = next.searchParams.get('cursor') ?? ''
  if (cursor === '') throw badAnswer('the next page has no cursor')
  // A list that names the page that it has just given would never end.
  return cursor === asked ? null : cursor
}
