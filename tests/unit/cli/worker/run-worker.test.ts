import { setImmediate } from 'node:timers/promises'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { Worker, type WorkerEvents } from '../../../../cli/worker/run-worker.ts'
import type { QueueName, Task, WorkQueue } from '../../../../cli/worker/task.ts'

const minute = 60_000

/** A worker on queues in memory, whose waiting moves the clock. */
class Bench {
  nowMs = 1_000_000
  readonly stop = new AbortController()
  readonly tasks = new Map<string, { queue: QueueName; dueAtMs: number; isLeased: boolean; run(): Promise<Outcome> }>()
  readonly runs: string[] = []
  readonly troubles: string[] = []
  readonly tidied: number[] = []
  looks = 0
  /** Thrown by these looks of the first queue, counted from 1. */
  failAt: (look: number) => boolean = () => false
  atOnce = 0
  most = 0

  add(
    jobId: string,
    task: { dueInMs?: number; isLeased?: boolean; queue?: QueueName; outcomes?: Outcome[] } = {},
  ): void {
    const { dueInMs = 0, isLeased = false, queue = 'models', outcomes = [] } = task
    const run = async (): Promise<Outcome> => {
      this.runs.push(jobId)
      this.atOnce += 1
      this.most = Math.max(this.most, this.atOnce)
      await setImmediate()
      this.atOnce -= 1
      const outcome = outcomes.shift() ?? { kind: 'done' }
      if (outcome.kind === 'done' || outcome.kind === 'failed') this.tasks.delete(jobId)
      return outcome
    }
    this.tasks.set(jobId, { queue, dueAtMs: this.nowMs + dueInMs, isLeased, run })
  }

  #queue(name: QueueName): WorkQueue {
    return {
      name,
      concurrency: 2,
      tidy: async () => this.tidied.push(this.nowMs),
      find: async () => {
        if (name === 'models') {
          this.looks += 1
          if (this.failAt(this.looks)) throw new Error('no answer')
        }
        return [...this.tasks].flatMap(([jobId, { queue, dueAtMs, isLeased, run }]): Task[] => {
          const subject = { label: jobId, record: {} }
          return queue === name ? [{ jobId, subject, dueAt: new Date(dueAtMs), isLeased, run }] : []
        })
      },
    }
  }

  worker(init: { once: boolean; events?: Partial<WorkerEvents> }): Worker {
    return new Worker({
      queues: [this.#queue('models'), this.#queue('images')],
      once: init.once,
      pollMs: 15_000,
      signal: this.stop.signal,
      now: () => this.nowMs,
      sleep: async (ms, signal) => {
        await setImmediate()
        if (signal?.aborted) throw signal.reason
        if (this.atOnce === 0) this.nowMs += ms
      },
      events: {
        begun() {},
        async returned() {},
        async seen() {},
        trouble: (what) => this.troubles.push(what),
        ...init.events,
      },
    })
  }
}

test('does everything that is due, no more at once than a queue allows, and ends', async () => {
  const bench = new Bench()
  for (const name of ['a', 'b', 'c', 'd', 'e']) bench.add(name)
  await bench.worker({ once: true }).run()
  expect(bench.runs.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e'])
  expect(bench.most).toBe(2)
})

test('each queue has places of its own', async () => {
  const bench = new Bench()
  for (const name of ['a', 'b', 'c']) bench.add(name)
  for (const name of ['x', 'y', 'z']) bench.add(name, { queue: 'images' })
  await bench.worker({ once: true }).run()
  expect(bench.most).toBe(4)
})

test('what comes due soon is waited for, what comes due later is not', async () => {
  const bench = new Bench()
  bench.add('soon', { dueInMs: minute })
  bench.add('later', { dueInMs: 10 * minute })
  await bench.worker({ once: true }).run()
  expect(bench.runs).toEqual(['soon'])
})

test('what others hold is neither taken nor waited for, and taken once their lease has run out', async () => {
  const bench = new Bench()
  bench.add('theirs', { dueInMs: 30_000, isLeased: true })
  await bench.worker({ once: true }).run()
  expect(bench.runs).toEqual([])
  bench.nowMs += 30_000
  await bench.worker({ once: true }).run()
  expect(bench.runs).toEqual(['theirs'])
})

test('a job that is put off is tried again when its outcome says, not before', async () => {
  const bench = new Bench()
  const startMs = bench.nowMs
  const times: number[] = []
  bench.add('a', {
    outcomes: [
      { kind: 'try-again', code: 'x', retryAfterMs: 20_000 },
      { kind: 'held', retryAfterMs: 7_000 },
    ],
  })
  await bench.worker({ once: true, events: { begun: () => times.push(bench.nowMs - startMs) } }).run()
  expect(times).toEqual([0, 20_000, 27_000])
})

test('what it has begun it sees to its end, also in the hands of another', async () => {
  const bench = new Bench()
  bench.add('a', { outcomes: [{ kind: 'held', retryAfterMs: 1_000 }] })
  const seen: number[] = []
  const worker = bench.worker({
    once: true,
    events: {
      async seen(tasks) {
        seen.push(tasks.length)
        const task = bench.tasks.get('a')
        if (bench.looks === 2 && task) Object.assign(task, { isLeased: true, dueAtMs: bench.nowMs + 10 * minute })
        if (bench.looks === 5) bench.tasks.delete('a')
      },
    },
  })
  await worker.run()
  expect(bench.runs).toEqual(['a'])
  expect(bench.looks).toBe(6)
  expect(seen.at(-1)).toBe(0)
})

test('a run that throws is told, and does not stop the others', async () => {
  const bench = new Bench()
  bench.add('bad')
  const bad = bench.tasks.get('bad')!
  bad.run = async () => {
    bench.tasks.delete('bad')
    throw new Error('unforeseen')
  }
  bench.add('good')
  await bench.worker({ once: true }).run()
  expect(bench.runs).toEqual(['good'])
  expect(bench.troubles).toEqual(['Work on bad failed'])
})

test('the first look that fails ends it, because nobody would mend that', async () => {
  const bench = new Bench()
  bench.failAt = (look) => look === 1
  await expect(bench.worker({ once: false }).run()).rejects.toThrow('no answer')
})

test('a later look that fails is told and made again, and the other queue goes on', async () => {
  const bench = new Bench()
  bench.add('a', { dueInMs: 10_000 })
  bench.failAt = (look) => {
    if (look === 2) bench.add('x', { queue: 'images' })
    return look === 2 || look === 3
  }
  await bench.worker({ once: true }).run()
  expect(bench.runs.toSorted()).toEqual(['a', 'x'])
  expect(bench.troubles).toEqual(['Looking for models failed', 'Looking for models failed'])
})

test('with --once it does not look in vain for ever', async () => {
  const bench = new Bench()
  bench.add('a', { dueInMs: 10_000 })
  bench.failAt = (look) => look > 1
  await expect(bench.worker({ once: true }).run()).rejects.toThrow('no answer')
  expect(bench.looks).toBe(7)
})

test('without --once it goes on looking until it is stopped, and tidies up now and then', async () => {
  const bench = new Bench()
  const startMs = bench.nowMs
  const worker = bench.worker({
    once: false,
    events: {
      seen: async () => {
        if (bench.looks === 41) bench.add('late')
        if (bench.looks === 50) bench.stop.abort()
      },
    },
  })
  await worker.run()
  await worker.ended()
  expect(bench.runs).toEqual(['late'])
  expect(bench.tidied.map((ms) => ms - startMs)).toEqual([300_000, 300_000, 600_000, 600_000])
})

test('once stopped it takes up nothing more, and says when the last run has returned', async () => {
  const bench = new Bench()
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  bench.add('long')
  bench.tasks.get('long')!.run = () => promise
  const returned: string[] = []
  const worker = bench.worker({
    once: true,
    events: {
      begun: () => bench.stop.abort(),
      returned: async (task) => void returned.push(task.jobId),
    },
  })
  await worker.run()
  bench.add('next')
  resolve({ kind: 'try-again', code: 'job.queued', retryAfterMs: 0 })
  await worker.ended()
  expect(returned).toEqual(['long'])
  expect(bench.runs).toEqual([])
})

test('a run that ends while a look is under way is not begun again by what that look had found', async () => {
  const bench = new Bench()
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  bench.add('a')
  bench.tasks.get('a')!.run = () => promise
  const begun: string[] = []
  const worker = bench.worker({
    once: true,
    events: {
      begun: ({ jobId }) => void begun.push(jobId),
      async seen(tasks) {
        if (bench.looks !== 2) return
        expect(tasks.map(({ jobId }) => jobId)).toEqual(['a'])
        bench.tasks.delete('a')
        resolve({ kind: 'done' })
        for (let turn = 0; turn < 5; turn++) await setImmediate()
      },
    },
  })
  await worker.run()
  expect(begun).toEqual(['a'])
})
