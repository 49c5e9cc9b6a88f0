import { createHash } from 'node:crypto'
import { rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { configFolder, readJson, writePrivateJson } from '../profiles/config-folder.ts'
import type { UploadSession } from './send-file.ts'

/** Remembers one upload from call to call, so that the next one goes on where this one was interrupted. */
export interface KeptSession {
  read(): Promise<UploadSession | null>
  write(session: UploadSession): Promise<void>
  forget(): Promise<void>
}

const keptSchema = z.object({ session: z.url() })

/**
 * The session of the object that `startUrl` begins (the signature apart), in a file of forge's own folder that only its owner
 * can read: the address is good for whoever has it. Where there is no such folder nothing is remembered.
 */
export function keptSession(env: Readonly<Record<string, string | undefined>>, startUrl: string): KeptSession {
  const folder = configFolder(env)
  if (folder === null) return { read: async () => null, write: async () => {}, forget: async () => {} }
  const { origin, pathname } = new URL(startUrl)
  const name = createHash('sha256').update(`${origin}${pathname}`).digest('hex').slice(0, 32)
  const path = join(folder, 'uploads', `${name}.json`)
  return {
    async read() {
      // What cannot be read costs a new upload, and nothing else.
      const parsed = keptSchema.safeParse(await readJson(path).catch(() => null))
      return parsed.success ? parsed.data.session : null
    },
    async write(session) {
      // Nor does what cannot be written (a full disk, a home that is read-only) keep anything from being sent.
      await writePrivateJson(path, { session }).catch(() => {})
    },
    async forget() {
      await rm(path, { force: true }).catch(() => {})
      // Nothing stays behind of what is no longer needed; a folder that has something in it is not removed.
      for (const emptied of [dirname(path), folder]) await rmdir(emptied).catch(() => {})
    },
  }
}
