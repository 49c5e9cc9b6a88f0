import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { cacheJobSchema } from './cache-schemas.ts'

export const getCacheJob = endpoint({
  id: 'getCacheJob',
  method: 'get',
  path: '/api/cache/jobs/{id}',
  tag: 'Cache',
  summary: 'How far a clean-up or a verification is',
  operatorsOnly: true,
  params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{40}$/, 'Give the `job_id` that was answered.') }),
  answers: { 200: { description: 'The job as it is now.', schema: cacheJobSchema } },
  errors: [404],
}).handledBy(async ({ params, context }) => {
  const { readCacheJob } = await import('../requests/cache/read-cache-job.ts')
  return { status: 200, body: await readCacheJob(context, params.id) }
})
