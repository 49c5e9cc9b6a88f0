import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { peakMemoryMiB } from '#local/peak-memory.ts'

/** What a program that takes photos says at its end. */
export interface PhotoRun {
  seconds: number
  /** Null where the kernel does not keep it. */
  peakMiB: number | null
  outputBytes: number
}

/** Run as a process of its own over the folder in its arguments: times `work` and prints a `PhotoRun`. */
export async function reportRun(work: (files: readonly string[]) => Promise<number>): Promise<void> {
  const folder = process.argv[2] ?? ''
  const files = (await readdir(folder)).toSorted().map((name) => join(folder, name))
  const began = performance.now()
  const outputBytes = await work(files)
  const seconds = (performance.now() - began) / 1000
  console.log(JSON.stringify({ seconds, peakMiB: peakMemoryMiB(process.pid), outputBytes } satisfies PhotoRun))
}

/** Starts such a program and waits for its word. */
export async function runOver(program: string, folder: string): Promise<PhotoRun> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, folder], {
    env: { PATH: process.env.PATH ?? '' },
  })
  return JSON.parse(stdout) as PhotoRun
}
