import type { StoredPart } from '#shared/transfer/part-store.ts'
import { ReadAhead } from '#shared/transfer/read-ahead.ts'

function part(index: number): StoredPart {
  return { index, name: `part-${index}`, generation: '1', sizeBytes: 2, crc32c: '' }
}

function start(failing: number[] = []) {
  const log: string[] = []
  const ahead = new ReadAhead(async function* ({ index }) {
    log.push(`open ${index}`)
    try {
      if (failing.includes(index)) throw new Error(`part ${index}`)
      yield Buffer.from([index])
      yield Buffer.from([index + 100])
    } finally {
      log.push(`close ${index}`)
    }
  })
  const read = async (index: StoredPart): Promise<number[]> => {
    const bytes: number[] = []
    for await (const chunk of ahead.read(index)) bytes.push(...chunk)
    return bytes
  }
  return { ahead, log, read }
}

const [first, second] = [part(1), part(2)]

test('a part that was opened before is read whole, once', async () => {
  const { ahead, log, read } = start()
  ahead.open(second)
  ahead.open(second)
  expect(await read(first)).toEqual([1, 101])
  expect(await read(second)).toEqual([2, 102])
  expect(log).toEqual(['open 2', 'open 1', 'close 1', 'close 2'])
})

test('a part that could not be opened fails when it is read, and not the next time', async () => {
  const failing = [2]
  const { ahead, read } = start(failing)
  ahead.open(second)
  await expect(read(second)).rejects.toThrow('part 2')
  failing.pop()
  expect(await read(second)).toEqual([2, 102])
})

test('what is not wanted is closed, and so is what is left in the middle', async () => {
  const { ahead, log } = start()
  ahead.open(first)
  ahead.close()
  ahead.open(second)
  for await (const _chunk of ahead.read(second)) break
  expect(log).toEqual(['open 1', 'open 2', 'close 1', 'close 2'])
})
