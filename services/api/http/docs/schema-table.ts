import type { JsonSchema, OpenApiDocument } from '../openapi/openapi.ts'
import { type Html, html, prose } from './html.ts'

/** A schema's fields, one a row; components are linked to where they are described. */
export function schemaTable(schema: JsonSchema): Html {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
  const required = new Set((schema.required ?? []) as string[])
  if (properties.length === 0) return html`<p>${typeText(schema)}</p>`
  return html`<table>${properties.map(([name, field]) => fieldRow(name, field, required.has(name)))}</table>`
}

export function fieldRow(name: string, field: JsonSchema, isRequired: boolean): Html {
  const { description } = field
  const need = isRequired ? html` <span class="need">required</span>` : html``
  const about = typeof description === 'string' ? html`<br><span class="soft">${prose(description)}</span>` : html``
  return html`<tr><td><code>${name}</code>${need}</td><td>${typeText(field)}${about}</td></tr>`
}

/** What a schema says in a few words: its type, its bounds, its default. */
export function typeText(schema: JsonSchema): Html {
  const { $ref, anyOf, type, items } = schema
  if (typeof $ref === 'string') {
    const name = nameOf($ref)
    return html`<a href="#schema-${name}">${name}</a>`
  }
  if (Array.isArray(anyOf)) {
    const kinds = anyOf.map((one: JsonSchema, index) => html`${index > 0 ? ' or ' : ''}${typeText(one)}`)
    return html`${kinds}${bounds(schema)}`
  }
  if (type === 'array') return html`list of ${typeText((items ?? {}) as JsonSchema)}${bounds(schema)}`
  return html`${kindOf(schema)}${bounds(schema)}`
}

function kindOf(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.format === 'date-time') return 'time (ISO 8601)'
  return typeof schema.type === 'string' ? schema.type : 'anything'
}

function bounds(schema: JsonSchema): Html {
  const said = [
    typeof schema.exclusiveMinimum === 'number' ? `above ${schema.exclusiveMinimum}` : null,
    rangeText(schema.minimum, schema.maximum, ''),
    rangeText(schema.minLength, schema.maxLength, ' characters'),
    rangeText(schema.minItems, schema.maxItems, ' items'),
    'default' in schema ? `default ${JSON.stringify(schema.default)}` : null,
  ].filter((text) => text !== null)
  return said.length > 0 ? html`<span class="soft">, ${said.join(', ')}</span>` : html``
}

function rangeText(min: unknown, max: unknown, unit: string): string | null {
  const most = typeof max === 'number' && max < Number.MAX_SAFE_INTEGER ? max : null
  const least = typeof min === 'number' && min > Number.MIN_SAFE_INTEGER ? min : null
  if (most !== null) return least === null ? `at most ${most}${unit}` : `${least} to ${most}${unit}`
  return least === null ? null : `at least ${least}${unit}`
}

function nameOf(ref: string): string {
  return ref.split('/').at(-1) ?? ref
}

/** All components, for the end of the page. */
export function schemaSections(document: OpenApiDocument): Html[] {
  return Object.entries(document.components.schemas).map(([name, schema]) => {
    const { description } = schema
    const about = typeof description === 'string' ? html`<p class="soft">${prose(description)}</p>` : html``
    return html`<article id="schema-${name}"><header><h3>${name}</h3>${about}</header>
<div class="body">${schemaTable(schema)}</div></article>`
  })
}
