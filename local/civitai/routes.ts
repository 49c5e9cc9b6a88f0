import { type Answer, jsonAnswer } from '../stand-in-answer.ts'
import { isPublic, modelObject, versionObject } from './api-objects.ts'
import { answerDownload, type DownloadContext } from './download.ts'
import type { CivitaiEndpoint, CivitaiFault } from './faults.ts'
import { answerList } from './list.ts'
import { Refusal } from './refusal.ts'
import { spoil } from './spoil.ts'

export interface RouteContext extends DownloadContext {
  origin(): string
  /** Recorded answers by their path, served as they are. */
  recorded: ReadonlyMap<string, Record<string, unknown>>
}

export interface RouteRequest {
  /** What the path names. */
  id: string
  path: string
  query: URLSearchParams
  token: string | null
  userAgent: string
  fault: CivitaiFault | null
}

interface Route {
  path: RegExp
  endpoint: CivitaiEndpoint
  answer(context: RouteContext, request: RouteRequest): Answer
}

const ROUTES: readonly Route[] = [
  { path: /^\/api\/v1\/models$/, endpoint: 'models', answer: listModels },
  { path: /^\/api\/v1\/models\/([^/]+)$/, endpoint: 'model', answer: showModel },
  { path: /^\/api\/v1\/model-versions\/([^/]+)$/, endpoint: 'version', answer: showVersion },
  { path: /^\/api\/v1\/model-versions\/by-hash\/([^/]+)$/, endpoint: 'by-hash', answer: showByHash },
  { path: /^\/api\/v1\/me$/, endpoint: 'me', answer: showMe },
  {
    path: /^\/api\/download\/models\/(\d+)$/,
    endpoint: 'download',
    answer: (context, { id, ...request }) => answerDownload(context, { ...request, versionId: Number(id) }),
  },
]

export function findRoute(path: string): { route: Route; id: string } | null {
  for (const route of ROUTES) {
    const match = route.path.exec(path)
    if (match !== null) return { route, id: decodeURIComponent(match[1] ?? '') }
  }
  return null
}

function listModels(context: RouteContext, request: RouteRequest): Answer {
  const { items, metadata } = answerList(context.catalogue.all(), {
    query: request.query,
    isSignedIn: request.token !== null,
    origin: context.origin(),
  })
  const shown = request.fault?.kind === 'empty-page' ? [] : items.map((item) => spoil(item, request.fault))
  return metadataAnswer({ items: shown, metadata }, { ...request, fault: null })
}

function showModel(context: RouteContext, request: RouteRequest): Answer {
  const recorded = context.recorded.get(request.path)
  if (recorded !== undefined) return metadataAnswer(recorded, request)
  const model = context.catalogue.model(numericId(request.id))
  if (model === null) throw new Refusal(404, { error: `No model with id ${request.id}` })
  return metadataAnswer(modelObject(model, context.origin()), request)
}

function showVersion(context: RouteContext, request: RouteRequest): Answer {
  const recorded = context.recorded.get(request.path)
  if (recorded !== undefined) return metadataAnswer(recorded, request)
  const found = context.catalogue.version(numericId(request.id))
  if (found === null || !isPublic(found.version)) throw new Refusal(404, { error: 'Model not found' })
  if (found.version.files.length === 0) throw new Refusal(404, { error: 'Missing model file' })
  return metadataAnswer(versionObject(found.model, found.version, context.origin()), request)
}

/** Any kind of hash in any case; of several versions the one published first (contract §4). */
function showByHash(context: RouteContext, request: RouteRequest): Answer {
  const hash = request.id.toLowerCase()
  const matches = context.catalogue
    .all()
    .flatMap((model) => model.versions.map((version) => ({ model, version })))
    .filter(({ version }) => isPublic(version) && version.files.some(({ hosted }) => isHashOf(hash, hosted?.sha256)))
    .sort((a, b) => a.version.publishedAt.getTime() - b.version.publishedAt.getTime())
  const [first] = matches
  if (first === undefined) throw new Refusal(404, { error: 'Model not found' })
  return metadataAnswer(versionObject(first.model, first.version, context.origin()), request, 3600)
}

function isHashOf(hash: string, sha256: string | undefined): boolean {
  return sha256 !== undefined && (hash === sha256 || hash === sha256.slice(0, 10))
}

/** The one endpoint that says whether a token is good (contract §1). */
function showMe(_context: RouteContext, { token }: RouteRequest): Answer {
  if (token === null) throw new Refusal(401, { error: 'Unauthorized' })
  return jsonAnswer(200, { id: 1, username: 'local-user', tier: 'free', status: 'active' })
}

/** Nobody's answers are cached at the edge, with a token there is no caching (contract §1). */
function metadataAnswer(object: Record<string, unknown>, { token, fault }: RouteRequest, maxAgeS = 300): Answer {
  const cached = `public, s-maxage=${maxAgeS}, stale-while-revalidate=${maxAgeS / 2}`
  return jsonAnswer(200, spoil(object, fault), token === null ? { 'cache-control': cached } : {})
}

/** Ids are numbers of 32 bits (contract §6). */
function numericId(text: string): number {
  const id = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(id < 2 ** 31))
    throw new Refusal(400, { error: { name: 'ZodError', issues: [{ path: ['id'], message: 'Invalid' }] } })
  return id
}
