import { oneAtATime } from '../../../../../services/image-worker/picture/one-at-a-time.ts'

test('work begins when the work before it has ended, well or badly, in the order asked for', async () => {
  const turn = oneAtATime()
  const log: string[] = []
  const first = Promise.withResolvers<void>()
  const one = turn(async () => {
    log.push('one begins')
    await first.promise
    log.push('one fails')
    throw new Error('one')
  })
  const two = turn(async () => {
    log.push('two')
    return 2
  })
  const three = turn(async () => log.push('three'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(log).toEqual(['one begins'])
  first.resolve()
  await expect(one).rejects.toThrow('one')
  expect(await two).toBe(2)
  await three
  expect(log).toEqual(['one begins', 'one fails', 'two', 'three'])
})
