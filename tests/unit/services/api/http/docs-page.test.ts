import { createHash } from 'node:crypto'
import { endpoints } from '../../../../../services/api/endpoints/endpoints.ts'
import { docsPage, renderDocs } from '../../../../../services/api/http/docs/docs-page.ts'
import { html, prose } from '../../../../../services/api/http/docs/html.ts'
import { schemaTable } from '../../../../../services/api/http/docs/schema-table.ts'
import { openApiDocument } from '../../../../../services/api/http/openapi/document.ts'

const page = docsPage()

test('every endpoint has its place on the page, and every link its target', () => {
  for (const { id, path, summary } of endpoints) {
    expect(page.html).toContain(`<article id="${id}">`)
    expect(page.html).toContain(path)
    expect(page.html).toContain(summary)
  }
  const targets = new Set([...page.html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  const links = [...page.html.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id)
  expect(links.length).toBeGreaterThan(50)
  expect(links.filter((id) => !targets.has(id))).toEqual([])
})

test('what has no name of its own is described where it is used, each field with its type', () => {
  const size = { type: 'integer', description: 'In bytes.' }
  const file = { type: 'object', properties: { size }, required: ['size'] }
  const { markup } = schemaTable({
    properties: {
      files: { type: 'array', items: file },
      error: { anyOf: [{ type: 'object', properties: { code: { type: ['string', 'null'] } } }, { type: 'null' }] },
    },
  })
  const rows = [...markup.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row = '']) =>
    row
      .replaceAll(/<[^>]+>/g, ' ')
      .split(/\s+/)
      .join(' ')
      .trim(),
  )
  expect(rows).toEqual([
    'files list of object',
    'files[].size required integer In bytes.',
    'error object or null',
    'error.code string or null',
  ])
  expect(page.html).toContain('<code>files[].contentType</code>')
})

test('nothing comes from outside, and nothing runs', () => {
  expect(page.html).not.toMatch(/<script|<img|<link|<iframe|\son\w+=|\sstyle=/i)
  expect(page.html.match(/(?:href|src)="[^#/]/)).toBeNull()
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page.html) ?? []
  expect(style.length).toBeGreaterThan(500)
  expect(page.contentSecurityPolicy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`)
  expect(page.contentSecurityPolicy).toMatch(/^default-src 'none'; style-src 'sha256-[^;]+; base-uri 'none'/)
})

test('text is text, wherever it comes from', () => {
  const text = '<b onclick="x">&\'</b>'
  expect(html`<p title="${text}">${text}</p>`.markup).toBe(
    '<p title="&lt;b onclick=&quot;x&quot;&gt;&amp;&#39;&lt;/b&gt;">&lt;b onclick=&quot;x&quot;&gt;&amp;&#39;&lt;/b&gt;</p>',
  )
  expect(prose('see `<a>` & b').markup).toBe('see <code>&lt;a&gt;</code> &amp; b')
  const document = openApiDocument()
  const hostile = { ...document, info: { ...document.info, title: '</title><script>alert(1)</script>' } }
  expect(renderDocs(hostile)).not.toContain('<script>')
})
