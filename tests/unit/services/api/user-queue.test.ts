import { UserQueue } from '../../../../services/api/user-queue.ts'

test('one user’s work is done in its order, one at a time; another’s goes on beside it', async () => {
  const queue = new UserQueue()
  const seen: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = queue.run('a', async () => {
    seen.push('a1 begins')
    await gate.promise
    seen.push('a1 ends')
  })
  const second = queue.run('a', async () => seen.push('a2'))
  await queue.run('b', async () => seen.push('b1'))
  expect(seen).toEqual(['a1 begins', 'b1'])
  gate.resolve()
  await Promise.all([first, second])
  expect(seen).toEqual(['a1 begins', 'b1', 'a1 ends', 'a2'])
})

test('a failure is its own caller’s, and the next in the queue goes on', async () => {
  const queue = new UserQueue()
  const failed = queue.run('a', async () => {
    throw new Error('no')
  })
  const next = queue.run('a', async () => 'yes')
  await expect(failed).rejects.toThrow('no')
  expect(await next).toBe('yes')
})

test('nobody is remembered who has no work', async () => {
  const queue = new UserQueue()
  await Promise.all(Array.from({ length: 50 }, (_, index) => queue.run(`u${index % 7}`, async () => index)))
  expect(queue.size).toBe(0)
})
