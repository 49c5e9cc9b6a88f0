import * as z from 'zod'
import type { ApiClient } from '../api/api-client.ts'
import type { CommandContext } from '../command.ts'
import { FileDisplay } from '../files/file-display.ts'
import type { HashedFile } from '../files/hash-file.ts'
import { Interrupted } from '../interrupt.ts'
import { plainLine } from '../text-width.ts'
import { keptSession } from '../uploads/kept-session.ts'
import { sendFile } from '../uploads/send-file.ts'
import { type AddOptions, addSource } from './add-source.ts'
import { hashShown } from './identify-file.ts'

const uploadAnswer = z.object({
  upload: z.string(),
  /** Null where the bytes are there already. */
  start: z.object({ url: z.string(), method: z.string(), headers: z.record(z.string(), z.string()) }).nullable(),
})
type UploadRecord = z.output<typeof uploadAnswer>

type Env = Readonly<Record<string, string | undefined>>

/**
 * Registers a model file of this machine: hashed, uploaded where its bytes are not there already, then registered as any other
 * source is, and copied from where it was uploaded, which is no place to stay. True when all went well. @throws AppError of the file, the API or the bucket; Interrupted.
 */
export async function addFile(
  api: ApiClient,
  params: AddOptions & { path: string; env: Env },
  context: CommandContext,
): Promise<boolean> {
  const { path, env, ...options } = params
  const { signal } = context
  const file = await hashShown(path, context)
  const { sha256, sizeBytes } = file
  const wish = {
    name: plainLine(file.name).slice(-255),
    size_bytes: sizeBytes,
    sha256,
    ...(options.isForSystem ? { system: true } : {}),
  }
  const offered = await api.post('/api/registry/uploads', wish, uploadAnswer, signal)
  await upload(api, { file, offered, env }, context)
  const name = options.name ?? nameOf(file)
  const source = { upload: offered.upload, sha256 }
  return await addSource(api, { ...options, sync: true, name, source, label: file.name }, context)
}

async function upload(
  api: ApiClient,
  { file, offered, env }: { file: HashedFile; offered: UploadRecord; env: Env },
  { output, signal }: CommandContext,
): Promise<void> {
  const { start } = offered
  const { path, sizeBytes, sha256 } = file
  const name = plainLine(file.name)
  const record = { type: 'upload', file: path, sha256, size_bytes: sizeBytes }
  if (start === null) {
    output.result({ ...record, state: 'there-already' }, `${name}  was there already`)
    return
  }
  const kept = keptSession(env, start.url)
  const display = new FileDisplay(output, { name, phase: 'uploading' })
  try {
    await sendFile(api.http, {
      file,
      start,
      session: await kept.read(),
      signal,
      onProgress: (doneBytes) => display.show(doneBytes, sizeBytes),
      onSession: (session) => kept.write(session),
    })
  } catch (error) {
    if (!(signal.reason instanceof Interrupted)) throw error
    throw new Interrupted(`Interrupted. The same call goes on where the upload of ${name} has stopped.`)
  }
  await kept.forget()
  output.result({ ...record, state: 'uploaded' }, `${name}  uploaded`)
}

/** How people see it, unless they say another name: the file's own, as long as a model's name may be. */
function nameOf({ name }: HashedFile): string {
  const shown = plainLine(name)
  return (shown.replace(/\.[a-z0-9]{1,15}$/i, '') || shown).slice(0, 200).trim()
}
