import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { cachePageSchema } from './cache-schemas.ts'

export const getCache = endpoint({
  id: 'getCache',
  method: 'get',
  path: '/api/cache',
  tag: 'Cache',
  summary: 'What lies in the models bucket, the longest unused first',
  operatorsOnly: true,
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(500).default(100),
    cursor: z.string().max(1000).optional().describe('`next_cursor` of the page before this one.'),
  }),
  answers: { 200: { description: 'The sums, and a page of files.', schema: cachePageSchema } },
}).handledBy(async ({ query, context }) => {
  const { readCache } = await import('../requests/cache/read-cache.ts')
  return { status: 200, body: await readCache(context, { limit: query.limit, cursor: query.cursor ?? null }) }
})
