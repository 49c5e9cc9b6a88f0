import { fileObject } from '../files.ts'
import { jsonAnswer } from './answer.ts'
import { answerRange } from './ranged.ts'
import { apiUrl, notFound, type Route } from './route.ts'
import { spoil } from './spoil.ts'
import { storeUpload } from './upload.ts'

/** `/files`, and the host that outputs are delivered from (contract §2, §3). */
export const FILE_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/v1\/files$/,
    endpoint: 'upload',
    async answer(context, { body, headers }) {
      const file = await storeUpload(context.uploads, { body, contentType: headers['content-type'] ?? '' })
      return jsonAnswer(201, fileObject(file, apiUrl(context)))
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/files$/,
    endpoint: 'file',
    answer(context) {
      const results = context.uploads.all().map((file) => fileObject(file, apiUrl(context)))
      return jsonAnswer(200, { next: null, previous: null, results })
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/files\/([^/]+)$/,
    endpoint: 'file',
    answer(context, { names: [id = ''] }) {
      const file = context.uploads.read(id)
      if (file === null) throw notFound()
      return jsonAnswer(200, fileObject(file, apiUrl(context)))
    },
  },
  {
    method: 'DELETE',
    path: /^\/v1\/files\/([^/]+)$/,
    endpoint: 'file',
    answer(context, { names: [id = ''] }) {
      if (!context.uploads.remove(id)) throw notFound()
      return { status: 204, contentType: 'text/plain; charset=UTF-8', body: Buffer.alloc(0) }
    },
  },
  {
    method: 'GET',
    path: /^\/delivery\/([^/]+)\/[^/]+$/,
    endpoint: 'output',
    isPublic: true,
    async answer(context, { names: [id = ''], headers, fault }) {
      const file = context.outputs.read(id)
      if (file === null) throw notFound()
      const whole = await spoil({ status: 200, contentType: file.contentType, body: file.bytes }, fault)
      return answerRange(whole, headers)
    },
  },
]
