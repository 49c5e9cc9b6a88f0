import { z } from 'zod'
import { isPublic, listedObject, modelStats } from './api-objects.ts'
import type { StoredModel } from './catalogue.ts'
import { listedPrimary } from './primary.ts'
import { Refusal } from './refusal.ts'

type Json = Record<string, unknown>

const TYPES = z.enum([
  'Checkpoint',
  'TextualInversion',
  'Hypernetwork',
  'AestheticGradient',
  'LORA',
  'LoCon',
  'DoRA',
  'Controlnet',
  'Upscaler',
  'MotionModule',
  'VAE',
  'TextEncoder',
  'UNet',
  'CLIPVision',
  'Poses',
  'Wildcards',
  'Workflows',
  'ComfyWorkflows',
  'Detection',
  'VisionLanguage',
  'CLIP',
  'LLM',
  'Other',
])

/** What each sort goes by, the highest first. */
const SORTS: Readonly<Record<string, (model: StoredModel) => number>> = {
  'Highest Rated': (model) => modelStats(model).thumbsUpCount ?? 0,
  'Most Downloaded': (model) => modelStats(model).downloadCount ?? 0,
  'Most Liked': (model) => modelStats(model).thumbsUpCount ?? 0,
  'Most Discussed': (model) => modelStats(model).commentCount ?? 0,
  'Most Collected': (model) => modelStats(model).favoriteCount ?? 0,
  'Most Images': (model) => modelStats(model).commentCount ?? 0,
  Newest: publishedMs,
  Oldest: (model) => -publishedMs(model),
}

/** What is read of the query (contract §2); what is not named here is ignored. */
const querySchema = z.object({
  limit: z.coerce.number().int().min(0).max(100).default(100),
  page: z.coerce.number().int().min(1).optional(),
  cursor: z.string().optional(),
  query: z.string().optional(),
  // One word each, not split at commas.
  types: z.array(TYPES),
  baseModels: z.array(z.string()),
  tag: z.string().optional(),
  // Numbers with commas between them.
  ids: z
    .string()
    .regex(/^\d+(,\d+)*$/)
    .transform((text) => text.split(',').map(Number))
    .optional(),
  sort: z.enum(['Highest Rated', ...Object.keys(SORTS)]).default('Highest Rated'),
  nsfw: z.enum(['true', 'false']).default('false'),
})

/** Most entries that can be had by number. */
const MAX_NUMBERED = 1000
/** The level that everybody gets to see. */
const PUBLIC_LEVEL = 1

/** A page of `GET /models` (contract §2). Throws 400, 401 and the 429 that is no rate limit. */
export function answerList(
  models: readonly StoredModel[],
  { query, isSignedIn, origin }: { query: URLSearchParams; isSignedIn: boolean; origin: string },
): { items: Json[]; metadata: Json } {
  // Their presence is enough.
  if (!isSignedIn && (query.has('favorites') || query.has('hidden'))) throw new Refusal(401, { error: 'Unauthorized' })
  const asked = readQuery(query)
  if (asked.query !== undefined && asked.page !== undefined) {
    throw new Refusal(400, { error: 'Cannot use page param with query search. Use cursor-based pagination.' })
  }
  if ((asked.page ?? 1) * asked.limit > MAX_NUMBERED) {
    throw new Refusal(429, { error: "You've requested too many pages, please use cursors instead" })
  }
  const fits = (model: StoredModel): boolean => isListed(model) && passes(model, asked)
  const found = asked.query === undefined ? sorted(models.filter(fits), asked.sort) : byText(models, asked.query)
  const start = asked.page === undefined ? readCursor(asked) : (asked.page - 1) * asked.limit
  const end = start + asked.limit
  // With a text the search engine cuts its page first and the filters come after: pages are short, or empty (contract §2).
  const page = asked.query === undefined ? found.slice(start, end) : found.slice(start, end).filter(fits)
  const isLast = end >= found.length || asked.limit === 0
  return {
    items: page.map((model) => listedObject(model, origin)),
    metadata: {
      ...(asked.page === undefined ? {} : { currentPage: asked.page, pageSize: asked.limit }),
      ...(isLast ? {} : next(asked, end, { query, origin })),
    },
  }
}

type Asked = z.infer<typeof querySchema>

function readQuery(query: URLSearchParams): Asked {
  const parsed = querySchema.safeParse({
    ...Object.fromEntries(query),
    types: query.getAll('types'),
    baseModels: query.getAll('baseModels'),
  })
  if (parsed.success) return parsed.data
  throw new Refusal(400, { error: { name: 'ZodError', issues: parsed.error.issues } })
}

function isListed(model: StoredModel): boolean {
  return model.versions.some((version) => isPublic(version) && listedPrimary(version.files) !== null)
}

function passes(model: StoredModel, asked: Asked): boolean {
  const isForEverybody = !model.nsfw && (model.nsfwLevel & PUBLIC_LEVEL) !== 0
  return (
    (asked.types.length === 0 || asked.types.some((type) => type === model.type)) &&
    (asked.baseModels.length === 0 || model.versions.some(({ baseModel }) => asked.baseModels.includes(baseModel))) &&
    (asked.tag === undefined || model.tags.includes(asked.tag)) &&
    (asked.ids === undefined || asked.ids.includes(model.id)) &&
    (asked.nsfw === 'true' || isForEverybody) &&
    !model.poi
  )
}

function sorted(models: readonly StoredModel[], sort: string): StoredModel[] {
  const score = SORTS[sort] ?? (() => 0)
  return models.toSorted((a, b) => score(b) - score(a) || b.id - a.id)
}

/** By relevance, whatever sort was asked for. */
function byText(models: readonly StoredModel[], text: string): StoredModel[] {
  const words = text.toLowerCase().split(/\s+/)
  return models.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
}

function publishedMs(model: StoredModel): number {
  return Math.max(0, ...model.versions.map(({ publishedAt }) => publishedAt.getTime()))
}

/** Opaque, three numbers as the service's; with a text an offset. */
function next(asked: Asked, end: number, { query, origin }: { query: URLSearchParams; origin: string }): Json {
  const nextCursor = asked.query === undefined ? `22138|364671|${end}` : String(end)
  const nextQuery = new URLSearchParams(query)
  nextQuery.set('cursor', nextCursor)
  return { nextCursor, nextPage: `${origin}/api/v1/models?${nextQuery}` }
}

function readCursor({ cursor, query }: Asked): number {
  if (cursor === undefined) return 0
  const written = query === undefined ? /^22138\|364671\|(\d+)$/.exec(cursor)?.[1] : /^\d+$/.exec(cursor)?.[0]
  if (written === undefined) throw new Refusal(400, { error: 'Invalid cursor' })
  return Number(written)
}
