import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { textSchema, timeSchema } from './common-schemas.ts'
import { sha256Schema } from './registry-schemas.ts'

const startSchema = z
  .strictObject({
    url: z.string(),
    method: z.literal('POST'),
    headers: z.record(z.string(), z.string()).describe('All of them have to be sent, as they are.'),
    expires_at: timeSchema,
  })
  .meta({
    id: 'UploadStart',
    description:
      'Begins one resumable upload: POST to the URL with the headers; PUT the bytes to the Location of its answer (201), in pieces where that is better.',
  })

export const createModelUpload = endpoint({
  id: 'createModelUpload',
  method: 'post',
  path: '/api/registry/uploads',
  tag: 'Registry',
  summary: 'Upload a model file of one’s own',
  description:
    'The file is registered with `POST /api/registry/models` once its bytes are there. What nobody has registered within a day is removed.',
  body: z
    .strictObject({
      name: textSchema({ min: 1, max: 255 }).describe('The file’s name, for its extension.'),
      size_bytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
      sha256: sha256Schema,
      system: z.boolean().default(false).describe('It shall be for everybody; operators only.'),
    })
    .meta({
      id: 'ModelUploadRequest',
      examples: [{ name: 'portrait.safetensors', size_bytes: 228_455_604, sha256: 'ab'.repeat(32) }],
    }),
  answers: {
    201: {
      description: 'Where the bytes go.',
      schema: z
        .strictObject({
          upload: z.string().describe('For `source.upload`, together with the same SHA-256.'),
          start: startSchema.nullable().describe('Null where the bytes are there already: nothing needs to be sent.'),
        })
        .meta({ id: 'ModelUpload' }),
    },
  },
  errors: [403],
}).handledBy(async ({ body, ...caller }) => {
  const { offerModelUpload } = await import('../requests/registry/offer-model-upload.ts')
  const { name, size_bytes: sizeBytes, sha256, system: isForSystem } = body
  const { upload, start } = await offerModelUpload(caller, { name, sizeBytes, sha256, isForSystem })
  if (start === null) return { status: 201, body: { upload, start } }
  const { url, method, headers, expiresAt } = start
  return { status: 201, body: { upload, start: { url, method, headers, expires_at: expiresAt.toISOString() } } }
})
