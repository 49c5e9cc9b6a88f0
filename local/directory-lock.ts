import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Locks that this process holds. */
const ours = new Set<string>()

/**
 * Keeps a second server of the same kind (`bucket server`) out of a data directory, which must be there; one that was killed
 * leaves no lasting lock. Gives a function that unlocks. @throws Error when another live one has it.
 */
export function lockDirectory(directory: string, kind: string): () => void {
  const path = join(resolve(directory), `${kind.replaceAll(' ', '-')}.pid`)
  if (ours.has(path)) throw inUse(directory, kind, process.pid, path)
  take(path, (owner) => inUse(directory, kind, owner, path))
  ours.add(path)
  return () => {
    ours.delete(path)
    rmSync(path, { force: true })
  }
}

function take(path: string, refusal: (owner: number) => Error): void {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const owner = readOwner(path)
    // A process has but one server of a kind in a directory, so its own number is that of an earlier process.
    if (owner !== null && owner !== process.pid && isAlive(owner)) throw refusal(owner)
    writeFileSync(path, String(process.pid))
  }
}

function inUse(directory: string, kind: string, owner: number, path: string): Error {
  return new Error(
    `${directory} is in use by another ${kind} (process ${owner}): end that one, or name another directory with --data. If that process is something else, remove ${path}.`,
  )
}

function readOwner(path: string): number | null {
  const pid = Number(readFileSync(path, 'utf8'))
  return Number.isInteger(pid) && pid > 0 ? pid : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is one, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
