import { findRun } from '#shared/replicate/find-run.ts'
import { type Run, runSchema } from '#shared/replicate/run.ts'
import { webhookUrl } from '#shared/replicate/webhook-url.ts'

const since = new Date('2026-05-01T12:00:00Z')
const owner = { kind: 'training', jobId: 'train-7' } as const
const ours = webhookUrl('https://hooks.example.test', owner)

/** A run that was created so many minutes after `since`. */
function run(id: string, minutes: number, rest: object = {}): Run {
  const created_at = new Date(since.getTime() + minutes * 60_000).toISOString()
  return runSchema.parse({ id, status: 'starting', created_at, ...rest })
}

async function find(runs: Run[]): Promise<{ id: string | null; read: number }> {
  let read = 0
  async function* list() {
    for (const one of runs) {
      read++
      yield one
    }
  }
  return { id: (await findRun(list(), { owner, since }))?.id ?? null, read }
}

test('finds the run whose webhook is that of our record', async () => {
  const other = webhookUrl('https://hooks.example.test', { ...owner, jobId: 'train-70' })
  const sample = webhookUrl('https://hooks.example.test', { ...owner, kind: 'prediction' })
  const runs = [
    run('a', 3, { webhook: other }),
    run('b', 2, { webhook: sample }),
    run('c', 1, { webhook: ours }),
    run('d', 0),
  ]
  expect(await find(runs)).toEqual({ id: 'c', read: 3 })
})

test.each([
  ['https://storage.example.test/training-zips/u1/train-7.zip?X-Goog-Signature=ab', true],
  ['https://storage.example.test/training-zips/u1/train-7/photos.zip', true],
  ['https://storage.example.test/b/o/training-zips%2Fu1%2Ftrain-7.zip', true],
  ['https://storage.example.test/training-zips/u1/train-70.zip', false],
  ['https://storage.example.test/training-zips/u1/my-train-7.zip', false],
  ['https://storage.example.test/photos.zip?id=train-7', false],
  ['train-7', false],
])('where lists show no webhook, the photos at %s tell it: %s', async (input_images, isOurs) => {
  expect((await find([run('a', 1, { input: { input_images, steps: 1000 } })])).id).toBe(isOurs ? 'a' : null)
})

test('a webhook that is another record’s outweighs what the input looks like', async () => {
  const webhook = webhookUrl('https://hooks.example.test', { ...owner, jobId: 'train-8' })
  const input = { input_images: 'https://storage.example.test/train-7.zip' }
  expect((await find([run('a', 1, { webhook, input })])).id).toBeNull()
})

test('reads back to the start, with room for clocks that differ, and no further', async () => {
  const runs = [run('a', 5), run('b', -9), run('c', -11), run('d', -12, { webhook: ours })]
  expect(await find(runs)).toEqual({ id: null, read: 3 })
  expect((await find([run('a', 5), run('b', -9.5, { webhook: ours })])).id).toBe('b')
})

test('runs without a time do not end the search; a thousand runs do', async () => {
  const timeless = runSchema.parse({ id: 'x', status: 'starting' })
  expect((await find([timeless, run('b', 1, { webhook: ours })])).id).toBe('b')
  const many = Array.from({ length: 1001 }, (_, index) => run(String(index), 1))
  expect(await find(many)).toEqual({ id: null, read: 1000 })
})
