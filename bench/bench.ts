import type { BenchResult } from './result.ts'

export interface BenchOptions {
  /** Measurements on each side; null for the bench's own number. */
  runs: number | null
  /** One part of the bench; null for all. Only `sync` has parts. */
  only: string | null
  /** Of the files that are copied; null for the bench's own. */
  sizeBytes: number | null
  /** For people who wait. */
  note(text: string): void
}

/** Measures something of ours beside something that everybody knows, in turn. */
export type Bench = (options: BenchOptions) => Promise<BenchResult[]>
