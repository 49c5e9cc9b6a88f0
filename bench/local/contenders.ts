import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '#local/service-process.ts'
import { startGoogleFirestore } from '../../tests/support/google-firestore.ts'
import { buildProgram } from '../bundles.ts'

/** A document server that has just become ready. */
export interface Contender {
  host: string
  pid: number
  /** From the start of the process to its first answer. */
  readyMs: number
  close(): Promise<void>
}

const startTimeoutMs = 20_000

/** Ours, as a bundle in a process of its own, with its log on the disk. */
export async function startOurs(): Promise<Contender> {
  const program = await buildProgram(new URL('./document-process.ts', import.meta.url))
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-documents-'))
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(process.execPath, [program, dataDir, String(port)], { stdio: ['ignore', 'ignore', 'inherit'] })
  const close = async () => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    await rm(dataDir, { recursive: true, force: true })
  }
  while (!(await answers(`http://127.0.0.1:${port}/`))) {
    if (child.exitCode === null && performance.now() - startedAt < startTimeoutMs) {
      await sleep(5)
      continue
    }
    child.kill('SIGKILL')
    throw new Error('The local document server did not start.')
  }
  return { host: `127.0.0.1:${port}`, pid: child.pid ?? 0, readyMs: performance.now() - startedAt, close }
}

/** Google's emulator, which keeps everything in memory. */
export async function startTheirs(): Promise<Contender> {
  const startedAt = performance.now()
  const emulator = await startGoogleFirestore({ javaFlags: [] })
  return { ...emulator, readyMs: performance.now() - startedAt }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
