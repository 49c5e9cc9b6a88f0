import { execFileSync } from 'node:child_process'
import { peakMemoryMiB } from '#local/peak-memory.ts'

/**
 * Watches a process's resident memory until `stop`, which returns the peak in MiB. Where the kernel keeps it no peak is
 * missed; elsewhere `ps` is asked ten times a second.
 */
export function watchMemory(pid: number): { stop(): number } {
  let peakMiB = 0
  const sample = () => {
    const residentMiB = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) / 1024
    peakMiB = Math.max(peakMiB, residentMiB)
  }
  const timer = process.platform === 'linux' ? null : setInterval(sample, 100)
  return {
    stop() {
      if (timer === null) return peakMemoryMiB(pid) ?? Number.NaN
      clearInterval(timer)
      sample()
      return peakMiB
    },
  }
}
