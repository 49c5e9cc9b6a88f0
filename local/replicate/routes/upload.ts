import type { FileStore, StoredFile } from '../files.ts'
import { Refusal } from '../refusal.ts'

const MAX_FILE_BYTES = 100 * 1024 * 1024
const FIELDS = new Set(['content', 'filename', 'type', 'metadata'])

/** Reads the form of an upload (contract §2) and keeps its file. Throws `Refusal`. */
export async function storeUpload(
  uploads: FileStore,
  request: { body: Buffer; contentType: string },
): Promise<StoredFile> {
  const form = await parseForm(request)
  for (const name of form.keys()) if (!FIELDS.has(name)) throw new Refusal(400, `Unexpected field ${name}`)
  const content = form.get('content')
  if (content === null || typeof content === 'string') throw new Refusal(400, 'Missing content')
  if (content.size > MAX_FILE_BYTES) throw new Refusal(413, 'File is larger than 100 MiB')
  const filename = form.get('filename')
  const name = typeof filename === 'string' ? filename : content.name
  if (Buffer.byteLength(name) > 255) throw new Refusal(400, 'filename is longer than 255 bytes')
  const type = form.get('type')
  const contentType = typeof type === 'string' ? type : content.type || 'application/octet-stream'
  return uploads.add({ name, contentType, bytes: Buffer.from(await content.arrayBuffer()) })
}

async function parseForm(request: { body: Buffer; contentType: string }): Promise<FormData> {
  try {
    const headers = { 'content-type': request.contentType }
    return await new Response(new Uint8Array(request.body), { headers }).formData()
  } catch {
    throw new Refusal(400, 'The body is not multipart/form-data with its boundary')
  }
}
