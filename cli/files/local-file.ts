import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { FinalError } from '#shared/errors/app-error.ts'

/** A file on this machine, as it is at one moment. */
export interface LocalFile {
  path: string
  /** Without its folder. */
  name: string
  sizeBytes: number
  /** Changes with every write. */
  modifiedAtMs: number
}

/**
 * Whether a text names a file here. What begins with a scheme does not, nor what nobody has, unless it looks like nothing else:
 * begins as a path does, or ends as a file.
 */
export async function isLocalFile(text: string): Promise<boolean> {
  if (/^[a-z][a-z0-9+.-]+:/i.test(text)) return false
  if (/^(~|\.{0,2}\/)|\.(safetensors|ckpt|pt|pth|bin|gguf|zip)$/i.test(text)) return true
  return await stat(text).then(
    () => true,
    () => false,
  )
}

/**
 * Opens a file for some work, and closes it after.
 * @throws FinalError `forge.no-file` for what cannot be read as a file, `forge.file-changed` when it was written to meanwhile.
 */
export async function withLocalFile<T>(
  path: string,
  work: (file: LocalFile, handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw noFile(path, error.code === 'ENOENT' ? 'there is none' : `it cannot be opened (${error.code})`)
  })
  try {
    const file = await factsOf(path, handle)
    const done = await work(file, handle)
    const { sizeBytes, modifiedAtMs } = await factsOf(path, handle)
    if (sizeBytes !== file.sizeBytes || modifiedAtMs !== file.modifiedAtMs) throw changed(path)
    return done
  } finally {
    await handle.close()
  }
}

async function factsOf(path: string, handle: FileHandle): Promise<LocalFile> {
  const facts = await handle.stat()
  if (!facts.isFile()) throw noFile(path, 'it is none')
  return { path, name: basename(path), sizeBytes: facts.size, modifiedAtMs: facts.mtimeMs }
}

function noFile(path: string, why: string): FinalError {
  return new FinalError({ code: 'forge.no-file', message: `${path} is not read as a file: ${why}.` })
}

/** Somebody else writes to it: what was read of it is of no one file. */
export function changed(path: string): FinalError {
  return new FinalError({ code: 'forge.file-changed', message: `${path} was changed while it was read; call again.` })
}
