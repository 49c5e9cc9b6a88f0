import * as z from 'zod'
import { FinalError } from '../errors/app-error.ts'
import type { ApiClientOptions } from '../http/api-client-options.ts'
import { callApi } from './call-api.ts'
import { checkId } from './check-id.ts'
import { listOf } from './lenient.ts'
import {
  type CivitaiListedModel,
  type CivitaiListedVersion,
  listedModelSchema,
  listedVersionSchema,
} from './listed-model.ts'

/** The words of the API, exactly (contract §2). */
export type CivitaiSort = 'Highest Rated' | 'Most Downloaded' | 'Most Liked' | 'Newest'

export interface CivitaiSearch {
  /** Null lists everything; with a text the sort has no effect. */
  text: string | null
  /** CivitAI's words (`LORA`); none for all. */
  types: readonly string[]
  /** CivitAI's strings (`SDXL 1.0`), matched exactly; none for all. */
  baseModels: readonly string[]
  tag: string | null
  sort: CivitaiSort
  /** Without it only the level for everybody is searched, which leaves many ordinary models out. */
  nsfw: boolean
  /** 1 to 100. */
  limit: number
  /** Of the page before, asked with the same search. */
  cursor: string | null
  signal?: AbortSignal | undefined
}

export interface CivitaiPage {
  models: CivitaiListedModel[]
  /** Null at the end. A page may be short, or empty, before it (contract §2). */
  nextCursor: string | null
}

const items = listOf(listedModelSchema)

const pageSchema = z.object({
  // One odd model is no reason to lose the others; an answer without a list is no page.
  items: z.array(z.unknown()).transform((entries) => items.parse(entries)),
  metadata: z
    .object({
      nextCursor: z
        .union([z.string(), z.number().transform(String)])
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
})

/** One page of `GET /models`. One request. Throws `civitai.…` errors, `civitai.too-many-pages` apart from `civitai.rate-limited`. */
export async function searchCivitai(options: ApiClientOptions, search: CivitaiSearch): Promise<CivitaiPage> {
  const path = `/api/v1/models?${queryOf(search)}`
  const page = await callApi(options, { path, subject: 'list of models', signal: search.signal }, pageSchema)
  const nextCursor = page.metadata?.nextCursor ?? null
  // A list that names the page that it has just given would never end.
  return { models: page.items, nextCursor: nextCursor === '' || nextCursor === search.cursor ? null : nextCursor }
}

/** A model with what people choose by. One request. */
export async function showCivitaiModel(
  options: ApiClientOptions,
  id: string,
  signal?: AbortSignal,
): Promise<CivitaiListedModel> {
  const path = `/api/v1/models/${checkId(id, 'model')}`
  return await callApi(options, { path, subject: `model ${id}`, signal }, listedModelSchema)
}

/**
 * Of up to a hundred models those that the list has: not those without files, or kept from us. One request. Throws
 * `civitai.…` errors.
 */
export async function listCivitaiModels(
  options: ApiClientOptions,
  ids: readonly string[],
  signal?: AbortSignal,
): Promise<CivitaiListedModel[]> {
  const query = new URLSearchParams({
    limit: '100',
    nsfw: 'true',
    ids: ids.map((id) => checkId(id, 'model')).join(','),
  })
  const path = `/api/v1/models?${query}`
  return (await callApi(options, { path, subject: 'list of models', signal }, pageSchema)).items
}

/** The version that has a file of this SHA-256; its model's tags and creator need another call. Throws `civitai.not-found`. */
export async function findCivitaiVersion(
  options: ApiClientOptions,
  sha256: string,
  signal?: AbortSignal,
): Promise<CivitaiListedVersion> {
  if (!/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new FinalError({ code: 'civitai.bad-hash', message: 'A SHA-256 has 64 hexadecimal digits.' })
  }
  const path = `/api/v1/model-versions/by-hash/${sha256.toLowerCase()}`
  const subject = `file with the SHA-256 ${sha256.slice(0, 10)}…`
  return await callApi(options, { path, subject, signal }, listedVersionSchema)
}

/**
 * Lists repeat their parameter: a comma would be part of one word, and a 400. Of the booleans only `nsfw` is read as one, so no
 * other is ever sent (`=false` would mean true). `page` is not for us: past 1000 entries it is refused (contract §2).
 */
function queryOf(search: CivitaiSearch): string {
  const query = new URLSearchParams({ limit: String(search.limit) })
  if (search.text !== null) query.set('query', search.text)
  else query.set('sort', search.sort)
  for (const type of search.types) query.append('types', type)
  for (const baseModel of search.baseModels) query.append('baseModels', baseModel)
  if (search.tag !== null) query.set('tag', search.tag)
  if (search.nsfw) query.set('nsfw', 'true')
  if (search.cursor !== null) query.set('cursor', search.cursor)
  return query.toString()
}
