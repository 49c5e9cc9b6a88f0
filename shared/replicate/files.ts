import * as z from 'zod'
import { multipartBody } from '../http/request-body.ts'
import { callApi, callApiForNothing, type ReplicateOptions } from './call-api.ts'

/** A file that Replicate keeps for 24 h, as input of runs. */
export interface UploadedFile {
  id: string
  /** What an input says in place of the file. Only the account's own runs can read it. */
  url: string
}

export interface Files {
  /** Uploads an input, at most 100 MiB. Costs nothing. */
  upload(file: {
    bytes: Uint8Array
    contentType: string
    fileName: string
    signal?: AbortSignal
  }): Promise<UploadedFile>
  remove(id: string, options?: { signal?: AbortSignal }): Promise<void>
}

export const MAX_FILE_BYTES = 100 * 1024 * 1024

const fileSchema = z.object({ id: z.string().min(1), urls: z.object({ get: z.url() }) })

/** `/files` of the API (contract §2). */
export function createFiles(options: ReplicateOptions): Files {
  return {
    async upload({ bytes, contentType, fileName, signal }) {
      const form = new FormData()
      form.set('content', new Blob([new Uint8Array(bytes)], { type: contentType }), fileName)
      const call = {
        method: 'POST',
        path: '/files',
        body: await multipartBody(form),
        signal,
        timeouts: { totalMs: 180_000 },
      } as const
      const { id, urls } = await callApi(options, call, fileSchema)
      return { id, url: urls.get }
    },
    async remove(id, { signal } = {}) {
      await callApiForNothing(options, { method: 'DELETE', path: `/files/${encodeURIComponent(id)}`, signal })
    },
  }
}
