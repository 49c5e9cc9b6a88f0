import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { timeSchema } from './common-schemas.ts'
import { modelIdParams } from './registry-schemas.ts'

const urlSchema = z.string().describe('Signed: whoever has it may read the file until it expires. Ranges are taken.')

const fileDownloadSchema = z
  .strictObject({
    url: urlSchema,
    expires_at: timeSchema,
    size_bytes: z.int(),
    sha256: z.string(),
  })
  .meta({ id: 'FileDownload' })

const folderDownloadSchema = z
  .strictObject({
    files: z.array(
      z.strictObject({
        path: z.string().meta({ examples: ['unet/diffusion_pytorch_model.safetensors'] }),
        url: urlSchema,
        size_bytes: z.int(),
        sha256: z.string(),
      }),
    ),
    expires_at: timeSchema.describe('Of all its URLs.'),
    size_bytes: z.int(),
  })
  .meta({ id: 'FolderDownload', description: 'Of a model that is a folder of several files.' })

const downloadSchema = z.union([fileDownloadSchema, folderDownloadSchema])
export type DownloadView = z.output<typeof downloadSchema>

export const createDownloadUrl = endpoint({
  id: 'createDownloadUrl',
  method: 'post',
  path: '/api/registry/models/{id}/download-url',
  tag: 'Registry',
  summary: 'A URL to download a synced model by',
  description: 'Its file is not evicted from the cache as long as the URL is good, nor for some minutes after.',
  params: modelIdParams,
  answers: { 200: { description: 'One URL, or one for each file of a folder.', schema: downloadSchema } },
  errors: [404, 409],
}).handledBy(async ({ params, user, context }) => {
  const { offerDownload } = await import('../requests/cache/offer-download.ts')
  return { status: 200, body: await offerDownload(context, { user, id: params.id }) }
})
