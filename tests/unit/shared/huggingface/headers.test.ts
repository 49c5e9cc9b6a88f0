import { nextPage } from '#shared/huggingface/next-page.ts'
import { readRefusal } from '#shared/huggingface/refusal.ts'

test.each<[link: string | undefined, next: string | null]>([
  [
    '<https://hub/api/models?limit=2&cursor=eyIkb3IiOlt7fV19>; rel="next"',
    'https://hub/api/models?limit=2&cursor=eyIkb3IiOlt7fV19',
  ],
  ['</tree?cursor=2>; rel="next"', 'https://hub/tree?cursor=2'],
  ['<?cursor=2>;rel=next', 'https://hub/tree?cursor=2'],
  ['<https://hub/1>; rel="prev", <https://hub/2>; rel="next"', 'https://hub/2'],
  ['<https://hub/a,b>; title="x, y; rel=next"; rel="prev", <https://hub/2>; rel="last next"', 'https://hub/2'],
  ['<https://hub/1>; title="x"; rel="next"; type="y"', 'https://hub/1'],
  ['<https://hub/1>; rel="xet-auth"', null],
  ['<https://hub/1>; rel="nextish"', null],
  ['<https://hub/1>', null],
  ['https://hub/1; rel="next"', null],
  ['<http://[>; rel="next"', null],
  ['', null],
  [undefined, null],
])('the next page of %j is %j', (link, next) => {
  expect(nextPage(link, new URL('https://hub/tree?recursive=true'))?.href ?? null).toBe(next)
})

test.each<[headers: Record<string, string>, bodyText: string, expected: ReturnType<typeof readRefusal>]>([
  [
    { 'x-error-code': 'RepoNotFound', 'x-error-message': 'Repository not found' },
    '{"error": "other words"}',
    { code: 'RepoNotFound', said: 'Repository not found', isPage: false },
  ],
  [
    {},
    '{"error": "Access to this resource is disabled."}',
    { code: null, said: 'Access to this resource is disabled.', isPage: false },
  ],
  [{ 'x-error-code': ' ' }, '', { code: null, said: null, isPage: false }],
  [{ 'content-type': 'text/html; charset=utf-8' }, 'x', { code: null, said: null, isPage: true }],
  [{}, ' <!DOCTYPE html><html>', { code: null, said: null, isPage: true }],
  [{}, '{"error": {"nested": true}}', { code: null, said: null, isPage: false }],
  [{}, `{"error": "${'x'.repeat(400)}"}`, { code: null, said: 'x'.repeat(300), isPage: false }],
])('the refusal %j %j is read', (headers, bodyText, expected) => {
  expect(readRefusal({ headers, bodyText })).toEqual(expected)
})
