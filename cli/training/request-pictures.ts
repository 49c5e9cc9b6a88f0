import { access, constants, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { types } from 'node:util'
import { errorCode } from '#shared/errors/app-error.ts'
import { retry } from '#shared/retry/retry.ts'
import type { ApiClient } from '../api/api-client.ts'
import { type GeneratedImageRecord, type GenerationRecord, generationAnswer } from '../api/records.ts'
import { type CommandContext, UsageError } from '../command.ts'
import { Interrupted } from '../interrupt.ts'
import { withinTimeout } from '../within-timeout.ts'
import { followGeneration } from './follow.ts'

/** Pictures that somebody wants. */
export interface GenerationCall {
  /** As the API takes it. */
  wish: { modelId: string; prompt?: string | undefined; template?: string | undefined; count: number }
  /** Where they are saved. */
  folder: string
  timeoutMs: number
}

/** Asks for pictures, waits for them and saves them. True when all were made. @throws UsageError, AppError, the signal's reason. */
export async function requestPictures(
  api: ApiClient,
  call: GenerationCall,
  { output, signal }: CommandContext,
): Promise<boolean> {
  await prepareFolder(call.folder)
  const asked = await api.post('/api/generations', call.wish, generationAnswer, signal)
  const { id } = asked.generation
  output.result({ type: 'request', generationId: id }, `${id}  asked for`)
  // Unlike with a training, the same call again is another wish, and billed.
  const afterwards = `Its pictures are made all the same, and GET /api/generations/${id} shows them; the same call again makes others.`
  try {
    const generation = await withinTimeout({ subject: id, timeoutMs: call.timeoutMs, signal, afterwards }, (until) => {
      const onChange = ({ status, images }: { status: string; images: readonly unknown[] }) =>
        output.progress(`${id}  ${status}  ${images.length} of ${call.wish.count}`)
      return followGeneration(api, id, { signal: until, onChange })
    })
    return await takePictures(api, generation, { folder: call.folder, output, signal })
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error
    throw new Interrupted(`Interrupted. ${afterwards}`)
  }
}

/** Saves what was made, and tells where each picture lies. True when all were made and saved. */
async function takePictures(
  api: ApiClient,
  generation: GenerationRecord,
  { folder, output, signal }: CommandContext & { folder: string },
): Promise<boolean> {
  const { id } = generation
  let isAllSaved = true
  for (const image of generation.images) {
    const { prompt, url } = image
    const record = { type: 'image', generationId: id, prompt, url }
    try {
      const path = await save(api, image, { folder, name: `${id}-${image.index + 1}`, signal })
      output.result({ ...record, path }, path)
    } catch (error) {
      signal.throwIfAborted()
      // It is paid for and lies in the bucket: whoever knows the address can have it still.
      const message = types.isNativeError(error) ? error.message : String(error)
      output.result({ ...record, path: null, code: errorCode(error), message }, `${url}  is not saved: ${message}`)
      isAllSaved = false
    }
  }
  const { status, error } = generation
  const why = error ? ` (${error.code}): ${error.message}` : ''
  const record = { code: error?.code ?? null, message: error?.message ?? null, images: generation.images.length }
  output.result(
    { type: 'end', generationId: id, state: status, ...record },
    `${id}  ${output.style(status === 'succeeded' ? 'green' : 'red', status)}${why}`,
  )
  return status === 'succeeded' && isAllSaved
}

/** Pictures are paid for: a folder that takes none is told before. @throws UsageError */
async function prepareFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await access(folder, constants.W_OK)
  } catch (error) {
    const code = types.isNativeError(error) && 'code' in error ? error.code : 'unknown'
    throw new UsageError(`Nothing can be saved in ${folder} (${code}).`, null)
  }
}

/** @returns where the picture lies now. */
async function save(
  api: ApiClient,
  image: GeneratedImageRecord,
  to: { folder: string; name: string; signal: AbortSignal },
): Promise<string> {
  const { signal } = to
  const load = async () => (await api.http.request({ url: image.url, signal })).bytes()
  const bytes = await retry(load, { signal })
  const extension = /^image\/(jpeg|png|webp)$/.exec(image.contentType)?.[1]?.replace('jpeg', 'jpg') ?? 'bin'
  const path = join(to.folder, `${to.name}.${extension}`)
  await writeFile(path, bytes)
  return path
}
