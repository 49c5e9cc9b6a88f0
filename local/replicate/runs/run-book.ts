import { join } from 'node:path'
import { z } from 'zod'
import { openDurableMap } from '../../durable-map.ts'

/** How a run has ended. */
const ending = z.object({
  status: z.enum(['succeeded', 'failed', 'canceled', 'aborted']),
  startedAtMs: z.number().nullable(),
  completedAtMs: z.number(),
  output: z.unknown(),
  error: z.string().nullable(),
  logs: z.string(),
  removedAtMs: z.number(),
})
export type Ending = z.infer<typeof ending>

/** A run as it outlives the stand-in: what was asked for, and what came of it. */
const bookedRun = z.object({
  id: z.string(),
  createdAtMs: z.number(),
  /** The request: its path's names of the trainer, for a training; its body. */
  creation: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('training'), trainer: z.string(), version: z.string(), body: z.string() }),
    z.object({ kind: z.literal('prediction'), cancelAfter: z.string().nullable(), body: z.string() }),
  ]),
  /** Null while it goes on: then it begins anew, under its id. */
  ending: ending.nullable(),
})
export type BookedRun = z.infer<typeof bookedRun>

/** What a run that goes on, or is over, keeps of its earlier life. */
export type PastRun = Pick<BookedRun, 'id' | 'createdAtMs' | 'ending'>

export interface RunBook {
  begin(run: Omit<BookedRun, 'ending'>): void
  end(id: string, ending: Ending): void
  /** In the order of their creation. */
  all(): BookedRun[]
  close(): void
}

/** With its data gone after an hour, a run is remembered for a day. */
const KEPT_MS = 24 * 60 * 60 * 1000
/** Pictures come inside bodies: such runs last seconds, and end with the stand-in. */
const MAX_BODY_BYTES = 64 * 1024

/** Opens the runs that `dataDir` keeps; null keeps none. */
export function openRunBook(dataDir: string | null, nowMs: number): RunBook {
  const path = dataDir === null ? null : join(dataDir, 'runs.log')
  const runs = openDurableMap(path, (json) => bookedRun.parse(json))
  for (const [id, { ending }] of runs.entries()) {
    if (ending !== null && nowMs - ending.completedAtMs > KEPT_MS) runs.delete(id)
  }
  return {
    begin(run) {
      if (Buffer.byteLength(run.creation.body) <= MAX_BODY_BYTES) runs.put(run.id, { ...run, ending: null })
    },
    end(id, ending) {
      const run = runs.get(id)
      if (run !== undefined) runs.put(id, { ...run, ending })
    },
    all: () => runs.entries().map(([, run]) => run),
    close: () => runs.close(),
  }
}
