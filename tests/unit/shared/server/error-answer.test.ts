import { CallerError, ConfigError, FinalError, TransientError } from '#shared/errors/app-error.ts'
import { UndecodableEventError } from '#shared/events/event-error.ts'
import { errorAnswer } from '#shared/server/error-answer.ts'

const now = new Date('2026-01-01T00:00:00Z')
const later = (ms: number) => new Date(now.getTime() + ms)

test.each([
  [
    "a caller's mistake",
    new CallerError({ status: 422, code: 'a', message: 'A.', details: { field: 'x' } }),
    422,
    null,
  ],
  ['an event nobody can read', new UndecodableEventError('malformed-json', 'Not JSON.'), 400, null],
  ['a passing fault', new TransientError({ code: 'a', message: 'A.' }), 503, 5],
  ['a fault with a time', new TransientError({ code: 'a', message: 'A.', retryAt: later(1500) }), 503, 2],
  ['a time that has passed', new TransientError({ code: 'a', message: 'A.', retryAt: later(-1) }), 503, 1],
  ['a time far away', new TransientError({ code: 'a', message: 'A.', retryAt: later(86_400_000) }), 503, 600],
  ['a final failure that reached the border', new FinalError({ code: 'a', message: 'A.' }), 500, null],
  ['a bad configuration', new ConfigError({ code: 'a', message: 'A.' }), 500, null],
  ['too large a body', Object.assign(new Error('x'), { status: 413 }), 413, null],
  ['a bad content encoding', Object.assign(new Error('x'), { status: 415 }), 415, null],
  ['an upstream error that happens to carry a status', Object.assign(new Error('x'), { status: 502 }), 500, null],
  ['an unforeseen error', new TypeError('x is not a function'), 500, null],
  ['a thrown text', 'boom', 500, null],
  ['nothing', undefined, 500, null],
])('answers %s by its kind', (_, error, status, retryAfterSeconds) => {
  expect(errorAnswer(error, now)).toMatchObject({ status, retryAfterSeconds })
})

test('gives a caller the code, the sentence and the details', () => {
  const error = new CallerError({ status: 422, code: 'age.low', message: 'Too young.', details: { min: 3 } })
  expect(errorAnswer(error, now).body).toEqual({
    error: { code: 'age.low', message: 'Too young.', details: { min: 3 } },
  })
})

test('says nothing of an unforeseen error', () => {
  const error = new Error('connect ECONNREFUSED 10.0.0.5 with password hunter2')
  expect(errorAnswer(error, now).body).toEqual({
    error: { code: 'internal', message: 'Something unforeseen went wrong on our side.', details: null },
  })
})
