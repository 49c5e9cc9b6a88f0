import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Directories that servers of this process use. */
const ours = new Set<string>()

/**
 * Keeps a second server out of a data directory; one that was killed leaves no lasting lock. Gives a function that
 * unlocks. @throws Error when another live process has it.
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'server.pid')
  const owner = readOwner(path)
  const isTaken = ours.has(directory) || (owner !== null && owner !== process.pid && isAlive(owner))
  if (isTaken) throw new Error(`${directory} is in use by another document server (process ${owner}).`)
  writeFileSync(path, String(process.pid))
  ours.add(directory)
  return () => {
    ours.delete(directory)
    rmSync(path, { force: true })
  }
}

function readOwner(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isInteger(pid) && pid > 0 ? pid : null
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
