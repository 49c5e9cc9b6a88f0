import { createHash } from 'node:crypto'
import { openApiDocument } from '../openapi/document.ts'
import type { JsonSchema, OpenApiDocument, OpenApiResponse, Operation } from '../openapi/openapi.ts'
import { type Html, html, prose } from './html.ts'
import { fieldRow, schemaSections, schemaTable, typeText } from './schema-table.ts'
import { style } from './style.ts'

interface DocsPage {
  html: string
  /** Allows the page's own style and nothing else: no script, no picture, nothing from outside. */
  contentSecurityPolicy: string
}

let made: DocsPage | null = null

/** The OpenAPI document as a page to read; made once. */
export function docsPage(): DocsPage {
  made ??= {
    html: renderDocs(openApiDocument()),
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  }
  return made
}

interface Entry {
  method: string
  path: string
  operation: Operation
}

export function renderDocs(document: OpenApiDocument): string {
  const { info, tags, paths } = document
  const entries = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Entry => ({ method, path, operation })),
  )
  const ofTag = (tag: string) => entries.filter(({ operation }) => operation.tags.includes(tag))
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title} API</title>
<style>${{ markup: style }}</style>
</head>
<body>
<div class="page">
<header>
<h1>${info.title} API</h1>
<p>${prose(info.description)}</p>
<pre><code>curl -H "Authorization: Bearer $ID_TOKEN" https://…/api/usage</code></pre>
</header>
<nav aria-label="Contents">
${tags.map(({ name }) => html`<h2><a href="#${anchorOf(name)}">${name}</a></h2><ul class="calls">${ofTag(name).map(contentsItem)}</ul>`)}
<h2>More</h2><ul><li><a href="#errors">Errors</a></li><li><a href="#schemas">Schemas</a></li><li><a href="/openapi.json">openapi.json</a></li></ul>
</nav>
<main>
${tags.map(({ name, description }) => html`<h2 id="${anchorOf(name)}">${name}</h2><p class="soft">${description}</p>${ofTag(name).map((entry) => operationArticle(document, entry))}`)}
<h2 id="errors">Errors</h2>
<p class="soft">Their body is always the same: ${typeText({ $ref: '#/components/schemas/Error' })}.</p>
<article><div class="body"><table>${errorRows(document)}</table></div></article>
<h2 id="schemas">Schemas</h2>
${schemaSections(document)}
</main>
</div>
</body>
</html>
`
  return page.markup
}

function anchorOf(tag: string): string {
  return `tag-${tag}`
}

function contentsItem({ operation }: Entry): Html {
  return html`<li><a href="#${operation.operationId}">${operation.summary}</a></li>`
}

function operationArticle(document: OpenApiDocument, { method, path, operation }: Entry): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation
  const bodySchema = requestBody?.content['application/json'].schema
  const example = bodySchema && exampleOf(document, bodySchema)
  return html`<article id="${operationId}">
<header><div class="call"><span class="method ${method}">${method.toUpperCase()}</span> ${path}</div><h3>${summary}</h3></header>
<div class="body">
${description === undefined ? html`` : html`<p>${prose(description)}</p>`}
${
  parameters.length === 0
    ? html``
    : html`<h4>Parameters</h4><table>${parameters.map(({ name, required, schema }) => fieldRow(name, schema, required))}</table>`
}
${bodySchema === undefined ? html`` : bodySection(document, bodySchema)}
${example === undefined ? html`` : html`<pre><code>${JSON.stringify(example, null, 2)}</code></pre>`}
<h4>Answers</h4>
<table>${answerRows(responses)}</table>
</div>
</article>
`
}

function bodySection(document: OpenApiDocument, schema: JsonSchema): Html {
  const body = resolved(document, schema)
  const about = typeof body.description === 'string' ? prose(` ${body.description}`) : html``
  return html`<h4>Body</h4><p>${typeText(schema)}.${about}</p>${schemaTable(body)}`
}

/** A row for each success; the refusals, which are alike everywhere, in one. */
function answerRows(responses: Operation['responses']): Html[] {
  const rows: Html[] = []
  const refusals: Html[] = []
  for (const [status, response] of Object.entries(responses)) {
    if ('$ref' in response) {
      refusals.push(html`<a href="#error-${status}">${status}</a> `)
    } else {
      const schema = response.content?.['application/json'].schema ?? {}
      rows.push(html`<tr><td class="status">${status}</td><td>${response.description} ${typeText(schema)}</td></tr>`)
    }
  }
  return [...rows, html`<tr><td class="soft">Errors</td><td class="status">${refusals}</td></tr>`]
}

function errorRows(document: OpenApiDocument): Html[] {
  const used = new Map<string, OpenApiResponse>()
  for (const methods of Object.values(document.paths)) {
    for (const { responses } of Object.values(methods)) {
      for (const [status, response] of Object.entries(responses)) {
        const name = '$ref' in response ? response.$ref.split('/').at(-1) : undefined
        const component = name === undefined ? undefined : document.components.responses[name]
        if (component) used.set(status, component)
      }
    }
  }
  return [...used]
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(
      ([status, { description }]) =>
        html`<tr id="error-${status}"><td class="status">${status}</td><td>${prose(description)}</td></tr>`,
    )
}

function exampleOf(document: OpenApiDocument, schema: JsonSchema): unknown {
  const { examples } = resolved(document, schema)
  return Array.isArray(examples) ? examples[0] : undefined
}

/** The component that a schema refers to, or itself. */
function resolved(document: OpenApiDocument, schema: JsonSchema): JsonSchema {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined
  return name === undefined ? schema : (document.components.schemas[name] ?? {})
}
