import { type Call, header } from '../http/call.ts'
import type { Reply } from '../http/reply.ts'
import type { ObjectStore } from '../storage/object-store.ts'

interface CorsRule {
  origin?: string[]
  method?: string[]
  responseHeader?: string[]
  maxAgeSeconds?: number
}

/** A browser may read a reply only where the bucket's own CORS setting says so, as on the real service. */
export function withBucketCors(store: ObjectStore, bucket: string, call: Call, reply: Reply): Reply {
  const origin = header(call, 'origin')
  if (origin === null || !store.hasBucket(bucket)) return reply
  const { cors } = store.bucket(bucket).settings
  const method = header(call, 'access-control-request-method') ?? call.method
  const rule = (Array.isArray(cors) ? (cors as CorsRule[]) : []).find(
    (candidate) => matches(candidate.origin, origin) && matches(candidate.method, method),
  )
  if (rule === undefined) return reply
  const headers = rule.responseHeader?.join(', ') ?? ''
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'access-control-allow-origin': rule.origin?.includes('*') ? '*' : origin,
      'access-control-expose-headers': headers,
      vary: 'Origin',
      ...(call.method === 'OPTIONS' ? preflightHeaders(rule, headers) : {}),
    },
  }
}

function preflightHeaders(rule: CorsRule, headers: string): Record<string, string> {
  return {
    'access-control-allow-methods': rule.method?.join(', ') ?? '',
    'access-control-allow-headers': headers,
    'access-control-max-age': String(rule.maxAgeSeconds ?? 0),
  }
}

function matches(allowed: readonly string[] | undefined, value: string): boolean {
  return allowed?.some((candidate) => candidate === '*' || candidate === value) ?? false
}
