import { readSaid } from '#shared/civitai/said.ts'

const json = { 'content-type': 'application/json; charset=utf-8' }
const nothing = { text: null, deadline: null, isHtml: false }

test.each<[body: unknown, said: object]>([
  [{ error: 'File not found' }, { text: 'File not found' }],
  [{ error: 'Unauthorized', message: 'Log in' }, { text: 'Unauthorized: Log in' }],
  [{ message: 'An error', error: { name: 'ZodError' } }, { text: 'An error' }],
  [{ code: 'NOT_FOUND', message: 'No such thing', issues: [] }, { text: 'No such thing' }],
  [{ error: 'x'.repeat(1000) }, { text: 'x'.repeat(300) }],
  [
    { error: 'Early Access', deadline: '2026-08-20T00:00:00.000Z' },
    { text: 'Early Access', deadline: new Date('2026-08-20T00:00:00.000Z') },
  ],
  [{ error: 'Early Access', deadline: 'soon' }, { text: 'Early Access' }],
  [{ error: 'Early Access', deadline: null }, { text: 'Early Access' }],
  [{ error: 7, message: 8 }, {}],
  [[], {}],
  [null, {}],
])('reads %j', (body, said) => {
  expect(readSaid({ headers: json, bodyText: JSON.stringify(body) })).toEqual({ ...nothing, ...said })
})

test.each<[what: string, headers: Record<string, string>, bodyText: string, isHtml: boolean]>([
  ['a page by its type', { 'content-type': 'text/html' }, 'blocked', true],
  ['a page by its looks', {}, ' <!DOCTYPE html><html></html>', true],
  ['an empty body', {}, '', false],
  ['some text', { 'content-type': 'text/plain' }, 'Not found', false],
])('%s says nothing', (_what, headers, bodyText, isHtml) => {
  expect(readSaid({ headers, bodyText })).toEqual({ ...nothing, isHtml })
})
