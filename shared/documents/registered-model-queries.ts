import { FieldPath, type Firestore, type Query, type QueryDocumentSnapshot, Timestamp } from '@google-cloud/firestore'
import * as z from 'zod'
import { sourceKey } from '#shared/registry/model/registry-id.ts'
import { groupsOf } from './in-groups.ts'
import { type RegisteredModel, registeredOf } from './registered-models.ts'

/** Whose models somebody sees: their own and the system's; null for an operator, who sees all. */
export type Viewer = { uid: string } | null

/** The orders that have an index with each facet, all descending. */
const registeredOrders = {
  popularity: 'registry.popularity',
  downloads: 'registry.downloadCount',
  rating: 'registry.rating',
  /** When the source published it. */
  published: 'registry.sourceCreatedAt',
  /** When it was registered. */
  registered: 'createdAt',
} as const

export type RegisteredOrder = keyof typeof registeredOrders

/** What a query can ask for; empty lists ask for everything. `word` is one of `searchWords`. */
export interface RegisteredFilter {
  viewer: Viewer
  types: readonly string[]
  bases: readonly string[]
  sources: readonly string[]
  word: string | null
}

export interface RegisteredPage {
  models: RegisteredModel[]
  /** Where the next page begins; null at the end. */
  next: string | null
}

/** Firestore's limit of what the lists of a query multiply to. */
const MOST_DISJUNCTIONS = 30
/** Where a filter is not the query's, so many pages are read for one of ours: it may be short, or empty, before the end. */
const MOST_READS = 4
/** Models of one file that are looked at. */
const MOST_ALIKE = 20

/**
 * A page of registered models; null for a cursor that is none of ours. What the query cannot take, and `accepts`, are seen to
 * here. Throws what Firestore's client throws.
 */
export async function registeredPage(
  db: Firestore,
  page: {
    filter: RegisteredFilter
    order: RegisteredOrder
    limit: number
    cursor: string | null
    accepts?: (model: RegisteredModel) => boolean
  },
): Promise<RegisteredPage | null> {
  const { filter, order, limit, cursor, accepts = () => true } = page
  const field = registeredOrders[order]
  const { query, fits } = filtered(db, filter)
  const ordered = query.orderBy(field, 'desc').orderBy(FieldPath.documentId(), 'desc')
  let after: Position | null = cursor === null ? null : readCursor(cursor)
  if (cursor !== null && after === null) return null
  const models: RegisteredModel[] = []
  for (let reads = 0; reads < MOST_READS && models.length < limit; reads++) {
    const { docs } = await (after === null ? ordered : ordered.startAfter(...after)).limit(limit).get()
    for (const found of docs) {
      if (models.length === limit) return { models, next: after && writeCursor(after) }
      const model = registeredOf(found.id, found.data())
      after = positionOf(found, field)
      if (isSeenBy(filter.viewer, model) && fits(model) && accepts(model)) models.push(model)
    }
    if (docs.length < limit) return { models, next: null }
  }
  return { models, next: after && writeCursor(after) }
}

/** The query of what fits into one, and a test for what does not. */
function filtered(
  db: Firestore,
  filter: RegisteredFilter,
): { query: Query; fits: (model: RegisteredModel) => boolean } {
  const { viewer, word } = filter
  let query: Query = db.collection('ai_models')
  let disjunctions = 1
  const rest: ((model: RegisteredModel) => boolean)[] = []
  const facets: [path: string, values: readonly string[], pick: (model: RegisteredModel) => string | null][] = [
    ['registry.owner', viewer === null ? [] : ['', viewer.uid], ({ userId }) => userId ?? ''],
    ['registry.type', filter.types, ({ model }) => model.type],
    ['registry.base', filter.bases, ({ model }) => model.baseModel],
    ['registry.source', filter.sources, ({ model }) => model.source],
  ]
  for (const [path, values, pick] of facets) {
    const [only] = values
    if (only === undefined) continue
    if (disjunctions * values.length > MOST_DISJUNCTIONS) {
      rest.push((model) => values.includes(pick(model) ?? ''))
      continue
    }
    disjunctions *= values.length
    query = values.length === 1 ? query.where(path, '==', only) : query.where(path, 'in', values)
  }
  if (word !== null) query = query.where('registry.words', 'array-contains', word)
  return { query, fits: (model) => rest.every((fits) => fits(model)) }
}

/** The system's models and the user's own that have one of these keys (`sourceKey`), by it. */
export async function registeredByKey(
  db: Firestore,
  wish: { keys: readonly string[]; uid: string },
): Promise<Map<string, RegisteredModel[]>> {
  // With two owners each.
  const parts = groupsOf([...new Set(wish.keys)], MOST_DISJUNCTIONS / 2)
  const visible = db.collection('ai_models').where('registry.owner', 'in', ['', wish.uid])
  const answers = await Promise.all(parts.map((part) => visible.where('registry.key', 'in', part).get()))
  return Map.groupBy(
    answers.flatMap(({ docs }) => seenBy(wish, docs)),
    ({ model }) => sourceKey(model),
  )
}

/** Of the same, those that are a version of one model of a source, the last published first. */
export async function registeredVersions(
  db: Firestore,
  wish: { source: RegisteredModel['model']['source']; sourceId: string; uid: string },
): Promise<RegisteredModel[]> {
  const { docs } = await db
    .collection('ai_models')
    .where('registry.owner', 'in', ['', wish.uid])
    .where('registry.source', '==', wish.source)
    .where('registry.sourceId', '==', wish.sourceId)
    .limit(MOST_ALIKE)
    .get()
  const publishedMs = ({ model }: RegisteredModel): number => model.createdAt?.getTime() ?? 0
  return seenBy(wish, docs).toSorted((a, b) => publishedMs(b) - publishedMs(a))
}

/** Of the same, those whose file has this SHA-256: as it was verified, or as the source says. */
export async function registeredBySha256(
  db: Firestore,
  wish: { sha256: string; uid: string },
): Promise<RegisteredModel[]> {
  const visible = db.collection('ai_models').where('registry.owner', 'in', ['', wish.uid])
  const answers = await Promise.all(
    ['sha256', 'registry.sha256'].map((field) => visible.where(field, '==', wish.sha256).limit(MOST_ALIKE).get()),
  )
  const found = new Map(answers.flatMap(({ docs }) => seenBy(wish, docs)).map((one) => [one.document.id, one]))
  return [...found.values()].filter(({ model }) => model.sha256 === wish.sha256)
}

/** How many models are somebody's own; counted up to `most`, so that it costs no more. */
export async function countOwnModels(db: Firestore, wish: { uid: string; most: number }): Promise<number> {
  const own = db.collection('ai_models').where('registry.owner', '==', wish.uid)
  return (await own.limit(wish.most).count().get()).data().count
}

/** The document says whose it is: the key that it was found by may be older. */
function seenBy(viewer: { uid: string }, docs: readonly QueryDocumentSnapshot[]): RegisteredModel[] {
  return docs.map((found) => registeredOf(found.id, found.data())).filter((model) => isSeenBy(viewer, model))
}

/** Whether somebody sees a model at all. */
export function isSeenBy(viewer: Viewer, { userId }: Pick<RegisteredModel, 'userId'>): boolean {
  return viewer === null || userId === null || userId === viewer.uid
}

const MOST_LETTERS = 100

/** Value and id of the last model of a page. */
type Position = [value: number | string | Timestamp | null, id: string]

const cursorSchema = z.tuple([
  z.union([
    z.number(),
    // The app's own documents may have a date as text.
    z.string().max(MOST_LETTERS),
    z.null(),
    z
      .strictObject({ s: z.int().min(-62_135_596_800).max(253_402_300_799), n: z.int().min(0).max(999_999_999) })
      .transform(({ s, n }) => new Timestamp(s, n)),
  ]),
  z.string().regex(/^[^/]{1,1500}$/),
])

function positionOf(found: QueryDocumentSnapshot, field: string): Position {
  const value: unknown = found.get(field)
  if (typeof value === 'string') return [value.slice(0, MOST_LETTERS), found.id]
  return [typeof value === 'number' || value instanceof Timestamp ? value : null, found.id]
}

function writeCursor([value, id]: Position): string {
  const written = value instanceof Timestamp ? { s: value.seconds, n: value.nanoseconds } : value
  return Buffer.from(JSON.stringify([written, id])).toString('base64url')
}

function readCursor(text: string): Position | null {
  const parsed = cursorSchema.safeParse(jsonOf(text))
  return parsed.success ? parsed.data : null
}

function jsonOf(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}
