import { readFileSync } from 'node:fs'

/** The most memory that a process has had resident so far, in MiB, as Linux keeps it (VmHWM); null on other systems. */
export function peakMemoryMiB(pid: number): number | null {
  if (process.platform !== 'linux') return null
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error(`The kernel does not tell the peak memory of process ${pid}.`)
  return Number(kib) / 1024
}
