import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { timeSchema } from './common-schemas.ts'

const useSchema = z.strictObject({
  uri: z
    .string()
    .max(1500)
    .regex(/^gs:\/\/[^/]+\/./s, 'Give the address of an object: gs://bucket/name.')
    .describe('Of a file, or of one in a folder.'),
  used_at: timeSchema,
})

export const noteCacheUses = endpoint({
  id: 'noteCacheUses',
  method: 'post',
  path: '/api/cache/used',
  tag: 'Cache',
  summary: 'Note uses that the API has not seen',
  description: 'As the bucket’s Data Access logs tell of them. What was used later already stays as it is.',
  operatorsOnly: true,
  body: z.strictObject({ uses: z.array(useSchema).min(1).max(500) }).meta({
    id: 'UsesRequest',
    examples: [
      {
        uses: [
          { uri: 'gs://charaforge-models/models/DreamShaper/128713.safetensors', used_at: '2026-03-01T12:00:00Z' },
        ],
      },
    ],
  }),
  answers: {
    200: {
      description: 'How many files were noted, and how many uses are of nothing in the cache.',
      schema: z.strictObject({ marked: z.int(), unknown: z.int() }).meta({ id: 'UsesAnswer' }),
    },
  },
}).handledBy(async ({ body, context }) => {
  const { noteUses } = await import('../requests/cache/note-uses.ts')
  const uses = body.uses.map(({ uri, used_at }) => ({ uri, usedAt: new Date(used_at) }))
  return { status: 200, body: await noteUses(context, uses) }
})
