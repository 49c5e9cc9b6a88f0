import { readProblem } from '#shared/replicate/problem.ts'

const nothing = { said: null, invalidFields: [], retryAfterMs: null }

test.each<[body: unknown, problem: object]>([
  [
    { title: 'Unauthenticated', detail: 'No valid token', status: 401 },
    { ...nothing, said: 'No valid token' },
  ],
  [{ title: 'Only a title' }, { ...nothing, said: 'Only a title' }],
  [{}, nothing],
  [{ detail: 7, retry_after: '5' }, nothing],
  [
    { detail: 'x', retry_after: 5 },
    { ...nothing, said: 'x', retryAfterMs: 5_000 },
  ],
  [{ retry_after: 3601 }, nothing],
  [{ retry_after: 1e300 }, nothing],
  [{ detail: `Your rate limit resets in ~${'9'.repeat(20)}s.` }, { ...nothing, said: expect.any(String) }],
  [
    { detail: 'Request was throttled. Your rate limit resets in ~30s.' },
    { said: 'Request was throttled. Your rate limit resets in ~30s.', invalidFields: [], retryAfterMs: 30_000 },
  ],
  [
    { detail: '- input.steps: too few\n', invalid_fields: [{ type: 'number_gte', field: 'input.steps' }] },
    { ...nothing, said: '- input.steps: too few', invalidFields: ['input.steps'] },
  ],
  [{ detail: 'y'.repeat(1000) }, { ...nothing, said: 'y'.repeat(300) }],
  [[], nothing],
  [null, nothing],
])('%j', (body, problem) => {
  expect(readProblem(JSON.stringify(body))).toEqual(problem)
})

test.each(['<html></html>', '', '{"detail":'])('%j is no problem document', (text) => {
  expect(readProblem(text)).toEqual(nothing)
})
