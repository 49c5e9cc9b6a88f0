import { isTerminal, predictionSchema } from '#shared/replicate/prediction.ts'

const read = (body: object) => predictionSchema.parse({ id: 'abc', status: 'processing', ...body })

test.each([
  ['starting', false],
  ['processing', false],
  ['succeeded', true],
  ['failed', true],
  ['canceled', true],
  ['aborted', true],
  ['queued', false],
  ['cancelled', false],
  ['SUCCEEDED', false],
])('the status %s is an end: %s', (status, isEnd) => {
  expect(isTerminal(read({ status }))).toBe(isEnd)
})

test('a fresh object with its keys absent, and one with them null, say the same', () => {
  const nulls = { output: null, error: null, metrics: null, data_removed: null, logs: null, started_at: null }
  const expected = {
    id: 'abc',
    status: 'processing',
    output: null,
    error: null,
    predictSeconds: null,
    isDataRemoved: false,
  }
  expect(read({})).toEqual(expected)
  expect(read(nulls)).toEqual(expected)
})

test.each([
  [{}, null],
  [{ predict_time: 3e-6 }, 3e-6],
  [{ predict_time: 0, total_time: 2 }, 0],
  [{ predict_time: null }, null],
  [{ predict_time: '4' }, null],
  [{ predict_time: -1 }, null],
  ['none', null],
  [[], null],
])('metrics %j are %j seconds', (metrics, seconds) => {
  expect(read({ metrics }).predictSeconds).toBe(seconds)
})

test.each([
  ['', null],
  ['CUDA out of memory', 'CUDA out of memory'],
  [{ detail: 'no' }, '{"detail":"no"}'],
  ['x'.repeat(600), 'x'.repeat(500)],
  // No half of a character: Firestore takes none.
  [`${'x'.repeat(499)}😀`, `${'x'.repeat(499)}\ufffd`],
  ['\ud83d', '\ufffd'],
])('the error %j is told as %j', (error, told) => {
  expect(read({ error }).error).toBe(told)
})

test.each([[{ status: 'processing' }], [{ id: '', status: 'processing' }], [{ id: 'a' }], [[]], [null]])(
  '%j is no prediction',
  (body) => {
    expect(predictionSchema.safeParse(body).success).toBe(false)
  },
)
