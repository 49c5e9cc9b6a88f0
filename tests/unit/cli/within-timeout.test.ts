import { withinTimeout } from '../../../cli/within-timeout.ts'

/** Follows what never ends by itself. */
function endless(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(signal.reason))
  if (signal.aborted) reject(signal.reason)
  return promise
}

test('gives what came of it in time', async () => {
  const params = { subject: 'Ann', timeoutMs: 60_000, signal: new AbortController().signal }
  await expect(withinTimeout(params, async () => 7)).resolves.toBe(7)
})

test('gives up after its time, and says of what', async () => {
  const params = { subject: 'Ann', timeoutMs: 5, signal: new AbortController().signal }
  await expect(withinTimeout(params, endless)).rejects.toMatchObject({
    code: 'forge.timeout',
    retryable: true,
    message: expect.stringContaining('Ann was not finished within 0.005 s.'),
  })
})

test('ends with the reason of whoever interrupts it', async () => {
  const interrupt = new AbortController()
  const followed = withinTimeout({ subject: 'Ann', timeoutMs: 60_000, signal: interrupt.signal }, endless)
  interrupt.abort(new Error('Interrupted.'))
  await expect(followed).rejects.toThrow('Interrupted.')
})
