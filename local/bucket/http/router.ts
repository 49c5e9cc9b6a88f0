import type { Call } from './call.ts'
import { ApiFailure } from './failure.ts'
import type { Dialect, Reply } from './reply.ts'

/** The names after colons in a pattern such as `/b/:bucket/o/:object`, each with its decoded value. */
type Params<Pattern extends string> = Pattern extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & Params<Rest>
  : Pattern extends `${string}:${infer Name}`
    ? Record<Name, string>
    : Record<never, string>

export interface Route {
  method: string
  dialect: Dialect
  /** The decoded parameters, or null where the path is another's. */
  match: (segments: readonly string[]) => Record<string, string> | null
  handle: (call: Call, params: Record<string, string>) => Promise<Reply> | Reply
}

/** A route whose handler gets exactly the parameters that its pattern names. */
export function route<Pattern extends string>(
  method: string,
  pattern: Pattern,
  handle: (call: Call, params: Params<Pattern>) => Promise<Reply> | Reply,
  dialect: Dialect = 'json',
): Route {
  const expected = pattern.split('/').slice(1)
  return {
    method,
    dialect,
    match: (segments) => matchSegments(expected, segments),
    // The keys of the match are the pattern's names by construction.
    handle: (call, params) => handle(call, params as Params<Pattern>),
  }
}

function matchSegments(expected: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (expected.length !== segments.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of expected.entries()) {
    const segment = segments[index] ?? ''
    if (part.startsWith(':')) params[part.slice(1)] = decodeSegment(segment)
    else if (part !== segment) return null
  }
  return params
}

/** The route of a call; HEAD is served by GET's. Null where no pattern fits the path; 405 where only the method differs. */
export function findRoute(
  routes: readonly Route[],
  call: Call,
): { route: Route; params: Record<string, string> } | null {
  const segments = canonicalPath(call.rawPath).split('/').slice(1)
  const method = call.method === 'HEAD' ? 'GET' : call.method
  let isKnownPath = false
  for (const candidate of routes) {
    const params = candidate.match(segments)
    if (params === null) continue
    if (candidate.method === method) return { route: candidate, params }
    isKnownPath = true
  }
  if (isKnownPath) {
    throw new ApiFailure({ status: 405, reason: 'methodNotAllowed', message: `${call.method} is not allowed here.` })
  }
  return null
}

/** With STORAGE_EMULATOR_HOST the client leaves `/storage/v1` out; other clients use the resumable and download prefixes. */
function canonicalPath(rawPath: string): string {
  return rawPath
    .replace(/^\/storage\/v1\/(?=b(?:\/|$))/, '/')
    .replace(/^\/download\/storage\/v1\/b\//, '/download/b/')
    .replace(/^(?:\/resumable)?\/upload\/storage\/v1\/b\//, '/upload/b/')
}

/** Decodes one path segment; throws 400 for a broken percent-encoding. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new ApiFailure({ status: 400, reason: 'invalid', message: 'The path is not valid percent-encoded UTF-8.' })
  }
}
