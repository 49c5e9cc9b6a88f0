import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { ReplicateFault } from './faults.ts'
import type { StandInModel } from './models.ts'

export type RunStatus = 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted'

/** One prediction and its life. */
export interface Run {
  readonly id: string
  readonly model: string
  readonly version: string
  readonly input: Readonly<Record<string, unknown>>
  readonly createdAtMs: number
  /** What was ordered to become of it. */
  readonly fault: ReplicateFault | null
  status: RunStatus
  startedAtMs: number | null
  completedAtMs: number | null
  output: unknown
  error: string | null
  /** Input, output and logs are removed an hour after the end. */
  removedAtMs: number
  /** Resolves when it has ended. */
  readonly over: Promise<void>
  end(status: 'succeeded' | 'failed' | 'canceled' | 'aborted', result?: { output?: unknown; error?: string }): void
}

export interface RunTimes {
  /** From the creation to the start, and from there to the end, in waiting time. */
  queueMs: number
  runMs: number
}

const HOUR_MS = 3_600_000

/** Starts a run: it waits in the queue, works and ends by itself, unless a fault or a cancellation is quicker. */
export function startRun(params: {
  clock: Clock
  times: RunTimes
  stopped: AbortSignal
  model: StandInModel
  version: string
  input: Readonly<Record<string, unknown>>
  fault: ReplicateFault | null
  cancelAfterMs: number | null
  /** The model's work: its output as JSON. */
  work: () => Promise<unknown>
}): Run {
  const { clock, times, stopped, model, version, input, fault } = params
  let markOver = (): void => {}
  const over = new Promise<void>((resolve) => {
    markOver = resolve
  })
  const run: Run = {
    id: randomBytes(16).toString('hex').slice(0, 26),
    model: model.name,
    version,
    input,
    createdAtMs: clock.now(),
    fault,
    status: 'starting',
    startedAtMs: null,
    completedAtMs: null,
    output: null,
    error: null,
    removedAtMs: Number.POSITIVE_INFINITY,
    over,
    end(status, result = {}) {
      if (run.completedAtMs !== null) return
      run.status = status
      run.completedAtMs = clock.now()
      run.output = result.output ?? null
      run.error = result.error ?? null
      run.removedAtMs = fault?.kind === 'data-removed' ? 0 : clock.after(HOUR_MS)
      markOver()
    },
  }

  async function live(): Promise<void> {
    if (fault?.kind === 'never-ends') return
    await clock.waitUntil(clock.after(times.queueMs), stopped)
    if (fault?.kind === 'aborted') return run.end('aborted')
    if (run.completedAtMs !== null) return
    run.status = 'processing'
    run.startedAtMs = clock.now()
    const endsAt = clock.after(times.runMs)
    const output = await params.work()
    await clock.waitUntil(endsAt, stopped)
    if (fault?.kind === 'failed') return run.end('failed', { error: fault.error })
    if (fault?.kind === 'canceled') return run.end('canceled')
    run.end('succeeded', { output: fault?.kind === 'output' ? fault.output : output })
  }
  live().catch((error: unknown) => {
    if (!stopped.aborted) run.end('failed', { error: error instanceof Error ? error.message : String(error) })
  })
  if (params.cancelAfterMs !== null && fault?.kind !== 'never-ends') {
    clock
      .waitUntil(clock.after(params.cancelAfterMs), stopped)
      .then(() => run.end(run.startedAtMs === null ? 'aborted' : 'canceled'))
      .catch(() => {})
  }
  return run
}
