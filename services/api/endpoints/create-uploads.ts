import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { textSchema, timeSchema } from './common-schemas.ts'

/** What is taken, and the extension of its object name. */
export const photoExtensions = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' } as const
export type PhotoContentType = keyof typeof photoExtensions

const contentTypeSchema = z.enum(['image/jpeg', 'image/png', 'image/webp'] satisfies PhotoContentType[], {
  error: ({ input }) =>
    /^image\/hei[cf]/i.test(String(input))
      ? 'HEIC photos cannot be read here; send them as JPEG (phones do so as “most compatible”).'
      : 'Photos are taken as image/jpeg, image/png or image/webp.',
})

const fileSchema = z.strictObject({
  name: textSchema({ min: 0, max: 255 }).optional().describe('Yours, to tell the answers apart; it is not kept.'),
  contentType: contentTypeSchema,
  sizeBytes: z
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .describe('Exactly; at most what a photo may have on this server (30 MB where nobody has said otherwise).'),
})

const uploadSchema = z
  .strictObject({
    name: z.string().nullable(),
    objectName: z.string().describe('What a training names the photo by.'),
    url: z.string(),
    method: z.literal('POST'),
    headers: z.record(z.string(), z.string()).describe('All of them have to be sent, as they are.'),
    expiresAt: timeSchema,
  })
  .meta({
    id: 'Upload',
    description:
      'A signed URL that begins one resumable upload: POST to it with the headers; PUT the bytes to the Location of its answer (201).',
  })

export const createUploads = endpoint({
  id: 'createUploads',
  method: 'post',
  path: '/api/uploads',
  tag: 'Uploads',
  summary: 'Signed URLs to upload photos with',
  description:
    'Each URL is good for one photo of exactly that size and type, for some minutes. Photos that no training has used are removed after a day.',
  body: z.strictObject({ files: z.array(fileSchema).min(1).max(100) }).meta({
    id: 'UploadsRequest',
    examples: [{ files: [{ name: '1.jpg', contentType: 'image/jpeg', sizeBytes: 2_400_000 }] }],
  }),
  answers: {
    201: {
      description: 'A URL for each photo, in their order.',
      schema: z.strictObject({ uploads: z.array(uploadSchema) }).meta({ id: 'UploadsAnswer' }),
    },
  },
}).handledBy(async ({ body, user, context }) => {
  const { offerUploads } = await import('../requests/offer-uploads.ts')
  return { status: 201, body: { uploads: await offerUploads(context, { userId: user.uid, files: body.files }) } }
})
