import { readFileSync } from 'node:fs'
import { environment } from '#shared/config/environment.ts'
import { environmentPage } from '#shared/config/environment-page.ts'

test('docs/environment.md is what the table says (npm run docs:environment writes it)', () => {
  expect(readFileSync(new URL('../../../../docs/environment.md', import.meta.url), 'utf8')).toBe(environmentPage())
})

test('every variable of the table has its row', () => {
  const rows = environmentPage().match(/^\| `\w+`/gm) ?? []
  expect(rows.map((row) => row.slice(3, -1)).sort()).toEqual(Object.keys(environment).sort())
})
