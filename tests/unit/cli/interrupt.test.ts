import { Interrupted, untilTerminated } from '../../../cli/interrupt.ts'

test('a signal that arrives twice, from the terminal and from npm, is one wish to stop', () => {
  const { signal, stop } = untilTerminated()
  try {
    expect(signal.aborted).toBe(false)
    process.emit('SIGTERM', 'SIGTERM')
    process.emit('SIGTERM', 'SIGTERM')
    expect(signal.reason).toBeInstanceOf(Interrupted)
  } finally {
    stop()
  }
})

test('stopped listening, it leaves signals to others', () => {
  const before = process.listenerCount('SIGTERM')
  untilTerminated().stop()
  expect(process.listenerCount('SIGTERM')).toBe(before)
})
