import { compileDocumentPattern } from '#local/events/document-pattern.ts'

test.each<[string, string, boolean]>([
  ['ai_models/{id}', 'ai_models/a', true],
  ['ai_models/{id}', 'ai_models/a b.c%', true],
  ['ai_models/{id}', 'ai_models/line\nfeed', true],
  ['ai_models/{id}', 'ai_models/a/versions/1', false],
  ['ai_models/{id}', 'ai_models', false],
  ['ai_models/{id}', 'x/ai_models/a', false],
  ['ai_models/*', 'ai_models/a', true],
  ['*/{id=*}', 'anything/a', true],
  ['jobs/a', 'jobs/a', true],
  ['jobs/a.b', 'jobs/axb', false],
  ['jobs/<many>', 'jobs/x', false],
  ['jobs/<many>', 'jobs/<many>', true],
  ['users/{path=**}', 'users/u/notes/n', true],
  ['users/{path=**}/notes/{n}', 'users/u/notes/n', true],
  ['users/{path=**}/notes/{n}', 'users/u/x/y/notes/n', true],
  ['users/**', 'characters/u', false],
  ['**/notes/{n}', 'users/u/notes/n', true],
  ['**', 'a/b/c/d', true],
])('the pattern %s on %j: %s', (pattern, path, matches) => {
  expect(compileDocumentPattern(pattern)(path)).toBe(matches)
})

test.each(['', '/a/b', 'a/', 'a//b', 'a/**/b/**', 'a/{b', 'a/x*'])('the pattern %j is refused', (pattern) => {
  expect(() => compileDocumentPattern(pattern)).toThrow(RangeError)
})
