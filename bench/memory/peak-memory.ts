import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Watches a process's resident memory until `stop`, which returns the peak in MiB. On Linux the kernel keeps it (VmHWM),
 * so that no peak is missed; elsewhere `ps` is asked ten times a second.
 */
export function watchMemory(pid: number): { stop(): number } {
  if (process.platform === 'linux') return { stop: () => kernelPeakMiB(pid) }
  let peakMiB = 0
  const sample = () => {
    peakMiB = Math.max(peakMiB, Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) / 1024)
  }
  const timer = setInterval(sample, 100)
  return {
    stop() {
      clearInterval(timer)
      sample()
      return peakMiB
    },
  }
}

function kernelPeakMiB(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error(`The kernel does not tell the peak memory of process ${pid}.`)
  return Number(kib) / 1024
}
