import { TransientError } from '#shared/errors/app-error.ts'
import { SegmentationThread } from '../../../../../../services/image-worker/providers/local/segmentation-thread.ts'

const workerFile = new URL('./scripted-worker.ts', import.meta.url)
const threads: SegmentationThread[] = []

function openThread(options: Partial<{ idleMs: number; maxWaiting: number; stopGraceMs: number }> = {}) {
  const thread = new SegmentationThread({ workerFile, idleMs: 60_000, maxWaiting: 4, stopGraceMs: 60_000, ...options })
  threads.push(thread)
  return (letter: string, signal = new AbortController().signal) =>
    thread.segment({ bytes: Buffer.from(letter), width: 1, height: 1 }, signal).then((png) => png[0])
}

afterEach(async () => {
  await Promise.all(threads.splice(0).map((thread) => thread.close()))
})

test('one thread serves call after call', async () => {
  const segment = openThread()
  const first = await segment('a')
  expect(await segment('a')).toBe(first)
})

test.each([
  ['ends by itself', 'c'],
  ['throws', 't'],
])(
  'a thread that %s fails the running call as a passing fault, and the next call gets a new thread',
  async (_how, letter) => {
    const segment = openThread()
    const first = await segment('a')
    const waiting: Promise<number | undefined>[] = []
    const failing = segment(letter)
    waiting.push(segment('a'))
    await expect(failing).rejects.toMatchObject({ code: 'local.crashed', retryable: true })
    expect(await waiting[0]).not.toBe(first)
  },
)

test('memory that ran out is a passing fault and not the picture’s', async () => {
  await expect(openThread()('m')).rejects.toMatchObject({ code: 'local.out-of-memory', retryable: true })
})

test('an aborted call rejects at once with the signal’s reason, and the same thread goes on', async () => {
  const segment = openThread()
  const first = await segment('a')
  const controller = new AbortController()
  const running = segment('s', controller.signal)
  controller.abort(new Error('no longer wanted'))
  await expect(running).rejects.toThrow('no longer wanted')
  expect(await segment('a')).toBe(first)
})

test('a call aborted while it waits never reaches the thread', async () => {
  const segment = openThread()
  const blocker = new AbortController()
  const running = segment('s', blocker.signal)
  const controller = new AbortController()
  const waiting = segment('c', controller.signal)
  controller.abort(new Error('changed my mind'))
  await expect(waiting).rejects.toThrow('changed my mind')
  blocker.abort(new Error('done'))
  await expect(running).rejects.toThrow('done')
  await expect(segment('a')).resolves.toBeGreaterThan(0)
})

test('a call with an aborted signal is refused before any thread starts', async () => {
  await expect(openThread()('a', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late')
})

test('an aborted call that comes to no checkpoint is ended by force, and waiting calls get a new thread', async () => {
  const segment = openThread({ stopGraceMs: 20 })
  const first = await segment('a')
  const controller = new AbortController()
  const hanging = segment('h', controller.signal)
  const waiting = segment('a')
  controller.abort(new Error('hangs'))
  await expect(hanging).rejects.toThrow('hangs')
  expect(await waiting).not.toBe(first)
})

test('a full queue refuses one more call as a passing fault', async () => {
  const segment = openThread({ maxWaiting: 1 })
  const controller = new AbortController()
  const running = segment('s', controller.signal)
  const waiting = segment('a')
  await expect(segment('a')).rejects.toMatchObject({ code: 'local.queue-full', retryable: true })
  controller.abort(new Error('over'))
  await expect(running).rejects.toThrow('over')
  await expect(waiting).resolves.toBeGreaterThan(0)
})

test('an idle thread is ended, and the next call starts another', async () => {
  const segment = openThread({ idleMs: 0 })
  const first = await segment('a')
  // Two turns of the timer phase: the idle timer of 0 ms has fired by then.
  await new Promise((resolve) => setTimeout(resolve, 1).ref())
  await new Promise((resolve) => setTimeout(resolve, 1).ref())
  expect(await segment('a')).not.toBe(first)
})

test('closing rejects what runs and what waits, and refuses what comes later', async () => {
  const thread = new SegmentationThread({ workerFile, idleMs: 60_000, maxWaiting: 4, stopGraceMs: 60_000 })
  const segment = (letter: string) =>
    thread.segment({ bytes: Buffer.from(letter), width: 1, height: 1 }, new AbortController().signal)
  const outcomes = Promise.allSettled([segment('h'), segment('a')])
  await thread.close()
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(TransientError) })
    expect(outcome).toMatchObject({ reason: { code: 'local.closed' } })
  }
  await expect(segment('a')).rejects.toMatchObject({ code: 'local.closed' })
})
