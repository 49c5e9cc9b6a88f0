import { type Answer, jsonAnswer } from '../stand-in-answer.ts'
import { admitToContent, admitToMetadata, type Caller } from './account.ts'
import { redirectAnswer } from './answer.ts'
import { modelObject, pathEntry } from './api-objects.ts'
import type { HuggingFaceFault } from './faults.ts'
import { answerList } from './list.ts'
import { badToken, Refusal } from './refusal.ts'
import { commitAt, type Repo, type Repos } from './repos.ts'
import { answerResolve, fileAt, type LocationOf, sendBlob } from './resolve.ts'
import type { Route } from './routes.ts'
import { answerTree } from './tree.ts'

export interface ServiceContext {
  repos: Repos
  locationOf: LocationOf
  origin(): string
}

export interface ServiceRequest {
  method: string
  url: URL
  caller: Caller
  range: string | null
  accept: string
  body: Buffer
  fault: HuggingFaceFault | null
}

/** Answers what a route asks for, as the contract says. Throws `Refusal`. */
export function answerRoute(context: ServiceContext, route: Route, request: ServiceRequest): Answer {
  const { url, caller, fault } = request
  if (route.endpoint === 'whoami') return answerWhoami(caller)
  const isPost = route.endpoint === 'paths-info'
  if (!(isPost ? request.method === 'POST' : /^(?:GET|HEAD)$/.test(request.method))) {
    throw new Refusal(405, null, 'Method not allowed')
  }
  if (route.endpoint === 'models') {
    if (caller.kind === 'unknown') throw badToken()
    return answerList(context.repos.all(), { url, origin: context.origin(), caller, fault })
  }
  const newName = context.repos.find(route.repo) === null ? context.repos.renamed(route.repo) : null
  if (newName !== null) {
    const prefix = /^\/(?:api\/(?:resolve-cache\/)?models\/)?/.exec(url.pathname)?.[0] ?? '/'
    const rest = url.pathname.slice(prefix.length + route.repo.length)
    return redirectAnswer(307, `${prefix}${newName}${rest}${url.search}`)
  }
  const repo = admitted(context, route, caller)
  const commit = commitAt(repo, route.revision ?? 'main')
  const origin = context.origin()
  const { range, accept } = request
  const file = { repo, commit, path: route.path, origin, asked: `${url.pathname}${url.search}`, range, accept, fault }
  switch (route.endpoint) {
    case 'model': {
      const query = url.searchParams
      const object = chosenFields(modelObject(repo, commit, { blobs: query.get('blobs') === 'true' }), query)
      if (fault?.kind === 'branch-moves') context.repos.commit(repo.id, [MOVED_FILE])
      return jsonAnswer(200, fault?.kind === 'odd-fields' ? oddFields(object) : object)
    }
    case 'tree':
      return answerTree(commit, { folder: route.path, url, origin, fault })
    case 'paths-info':
      return jsonAnswer(
        200,
        readPaths(request.body).flatMap((path) => pathEntry(commit, path) ?? []),
      )
    case 'resolve':
      return answerResolve(file, context.locationOf)
    case 'resolve-cache':
    case 'raw':
      return sendBlob(file, fileAt(commit, route.path))
    default:
      return route.endpoint satisfies never
  }
}

/** With `expand` only what it names, repeated (contract §2). */
function chosenFields(object: Record<string, unknown>, query: URLSearchParams): Record<string, unknown> {
  const chosen = query.getAll('expand')
  if (chosen.length === 0) return object
  return Object.fromEntries(Object.entries(object).filter(([name]) => ['_id', 'id', ...chosen].includes(name)))
}

const MOVED_FILE = { path: 'moved.safetensors', content: { kind: 'safetensors', sizeBytes: 4096, seed: 99 } } as const

function admitted(context: ServiceContext, route: Route, caller: Caller): Repo {
  const repo = context.repos.find(route.repo)
  const isContent = route.endpoint === 'resolve' || route.endpoint === 'resolve-cache' || route.endpoint === 'raw'
  if (isContent) admitToContent(caller, repo)
  else admitToMetadata(caller, repo)
  return repo
}

function answerWhoami(caller: Caller): Answer {
  if (caller.kind === 'unknown') throw badToken()
  if (caller.kind === 'anonymous') throw new Refusal(401, null, 'Invalid username or password.')
  return jsonAnswer(200, {
    type: 'user',
    id: '5f0c746619cb630495b814fd',
    name: 'local-user',
    isPro: false,
    orgs: [],
    auth: { type: 'access_token', accessToken: { displayName: 'local', role: 'read' } },
  })
}

function readPaths(body: Buffer): string[] {
  try {
    const { paths } = JSON.parse(body.toString('utf8'))
    if (Array.isArray(paths) && paths.every((path) => typeof path === 'string')) return paths
  } catch {
    // Told below.
  }
  throw new Refusal(400, null, '"paths" is required')
}

/** All that old and odd repos leave out or have in another shape. */
function oddFields({ library_name: _, pipeline_tag: __, author: ___, ...object }: Record<string, unknown>) {
  return { ...object, tags: null, cardData: 'none', gated: 'yes', disabled: null, future: { field: 1 } }
}
