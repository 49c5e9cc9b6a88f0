import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { ReplicateFault } from '../faults.ts'
import type { Ending, PastRun } from './run-book.ts'
import type { WebhookEvent, WebhookOrder } from './webhook-order.ts'

export type RunKind = 'prediction' | 'training'
export type RunStatus = 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted'

/** One prediction or training and its life. */
export interface Run {
  readonly id: string
  readonly kind: RunKind
  readonly model: string
  readonly version: string
  readonly input: Readonly<Record<string, unknown>>
  readonly webhook: WebhookOrder | null
  readonly createdAtMs: number
  /** When lists begin to show it. */
  readonly listedAtMs: number
  /** What was ordered to become of it. */
  readonly fault: ReplicateFault | null
  status: RunStatus
  startedAtMs: number | null
  completedAtMs: number | null
  output: unknown
  error: string | null
  logs: string
  /** Input, output and logs are removed an hour after the end. */
  removedAtMs: number
  /** Resolves when it has ended. */
  readonly over: Promise<void>
  end(status: 'succeeded' | 'failed' | 'canceled' | 'aborted', result?: { output?: unknown; error?: string }): void
  /** The end that a cancellation brings; none once it has ended. */
  cancel(): void
}

export interface RunTimes {
  /** From the creation to the start, and from there to the end, in waiting time. */
  queueMs: number
  runMs: number
}

/** What there is to run: a model on a picture or a prompt, a trainer on photos. */
export interface RunPlan {
  kind: RunKind
  model: string
  version: string
  input: Readonly<Record<string, unknown>>
  webhook: WebhookOrder | null
  fault: ReplicateFault | null
  cancelAfterMs: number | null
  /** Of the time before the stand-in was started anew. */
  past?: PastRun | undefined
  /** What it prints, spread over its time. */
  logLines: readonly string[]
  /** The model's work: its output as JSON. */
  work: () => Promise<unknown>
}

/** What every run lives by. */
export interface RunHouse {
  clock: Clock
  times: RunTimes
  stopped: AbortSignal
  notify(run: Run, event: WebhookEvent): void
  /** Before its last webhook leaves. */
  onEnd(run: Run, ending: Ending): void
}

const HOUR_MS = 3_600_000

/** Starts a run: it waits in the queue, works and ends by itself, unless a fault or a cancellation is quicker. */
export function startRun(house: RunHouse, plan: RunPlan): Run {
  const { clock, times, stopped, notify, onEnd } = house
  const { kind, model, version, input, webhook, fault, past } = plan
  let markOver = (): void => {}
  const over = new Promise<void>((resolve) => {
    markOver = resolve
  })
  const run: Run = {
    id: past?.id ?? randomBytes(16).toString('hex').slice(0, 26),
    kind,
    model,
    version,
    input,
    webhook,
    createdAtMs: past?.createdAtMs ?? clock.now(),
    listedAtMs: listedAt(clock, fault),
    fault,
    status: 'starting',
    startedAtMs: null,
    completedAtMs: null,
    output: null,
    error: null,
    logs: '',
    removedAtMs: Number.POSITIVE_INFINITY,
    over,
    end(status, result = {}) {
      if (run.completedAtMs !== null) return
      run.output = result.output ?? null
      if (run.output !== null) notify(run, 'output')
      run.status = status
      run.completedAtMs = clock.now()
      run.error = result.error ?? null
      run.removedAtMs = fault?.kind === 'data-removed' ? 0 : clock.after(HOUR_MS)
      const { startedAtMs, completedAtMs, output, error, logs, removedAtMs } = run
      onEnd(run, { status, startedAtMs, completedAtMs, output, error, logs, removedAtMs })
      notify(run, 'completed')
      markOver()
    },
    cancel() {
      if (fault?.kind === 'never-ends' && fault.evenCanceled === true) return
      if (run.completedAtMs !== null || run.startedAtMs !== null) return run.end('canceled')
      if (kind === 'prediction') return run.end('aborted')
      // A training that never ran was recorded as started and canceled within microseconds.
      run.startedAtMs = clock.now()
      run.end('canceled')
    },
  }

  async function live(): Promise<void> {
    if (fault?.kind === 'never-ends') return
    await clock.waitUntil(clock.after(times.queueMs), stopped)
    if (fault?.kind === 'aborted') return run.end('aborted', { error: ABORTED })
    if (run.completedAtMs !== null) return
    run.status = 'processing'
    run.startedAtMs = clock.now()
    notify(run, 'start')
    const endsAt = clock.after(times.runMs)
    const output = await plan.work()
    await print(run.startedAtMs, endsAt)
    await clock.waitUntil(endsAt, stopped)
    if (fault?.kind === 'failed') return run.end('failed', { error: fault.error })
    if (fault?.kind === 'canceled') return run.end('canceled')
    run.end('succeeded', { output: fault?.kind === 'output' ? fault.output : output })
  }

  async function print(startedAt: number, endsAt: number): Promise<void> {
    for (const [index, line] of plan.logLines.entries()) {
      const share = (index + 1) / (plan.logLines.length + 1)
      await clock.waitUntil(startedAt + (endsAt - startedAt) * share, stopped)
      if (run.completedAtMs !== null) return
      run.logs += `${line}\n`
      notify(run, 'logs')
    }
  }

  if (past?.ending) {
    Object.assign(run, past.ending)
    markOver()
    return run
  }
  live().catch((error: unknown) => {
    if (!stopped.aborted) run.end('failed', { error: error instanceof Error ? error.message : String(error) })
  })
  if (plan.cancelAfterMs !== null && fault?.kind !== 'never-ends') {
    clock
      .waitUntil(clock.after(plan.cancelAfterMs), stopped)
      .then(() => run.end(run.startedAtMs === null ? 'aborted' : 'canceled'))
      .catch(() => {})
  }
  return run
}

const ABORTED = 'Prediction was aborted: deadline passed before it started'

function listedAt(clock: Clock, fault: ReplicateFault | null): number {
  if (fault?.kind !== 'lost-answer' || fault.listed === undefined) return clock.now()
  return fault.listed === 'never' ? Number.POSITIVE_INFINITY : clock.after(fault.listed * 1000)
}
