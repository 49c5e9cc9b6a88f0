import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** `fsync` outlives a power cut; `process` outlives a killed server (the bytes are the kernel's) and is quicker. */
export type Durability = 'fsync' | 'process'

/** The ending of files that are not in place yet; whoever finds one after a start may delete it. */
const TEMPORARY_SUFFIX = '.tmp'

/** Writes a whole JSON file or nothing: a temporary beside it, synced, then renamed over it. */
export async function writeJsonFile(path: string, value: unknown, durability: Durability): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`
  try {
    const handle = await open(temporary, 'wx')
    try {
      await handle.writeFile(JSON.stringify(value))
      if (durability === 'fsync') await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await removeFile(temporary)
    throw error
  }
  if (durability === 'fsync') await syncDirectory(dirname(path))
}

/** Removes a file for good; a file that is not there is as good as removed. */
export async function removeFile(path: string, durability: Durability = 'process'): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (!isMissingFile(error)) throw error
  }
  if (durability === 'fsync') await syncDirectory(dirname(path))
}

/** Makes the names in a directory durable; syncing a file does not do that for its name. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** By its code alone: under Jest the file system's errors are of another realm's Error. */
export function isMissingFile(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT'
}
