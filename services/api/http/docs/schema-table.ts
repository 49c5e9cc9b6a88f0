import type { JsonSchema, OpenApiDocument } from '../openapi/openapi.ts'
import { type Html, html, prose } from './html.ts'

/** A schema's fields, one a row; components are linked to where they are described. */
export function schemaTable(schema: JsonSchema): Html {
  const rows = fieldRows(schema, '')
  return rows.length > 0 ? html`<table>${rows}</table>` : html`<p>${typeText(schema)}</p>`
}

/** Rows of an object's fields, each followed by those of the objects within it that have no name of their own. */
function fieldRows(schema: JsonSchema, prefix: string): Html[] {
  const required = new Set((schema.required ?? []) as string[])
  return Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).flatMap(([name, field]) => [
    fieldRow(`${prefix}${name}`, field, required.has(name)),
    ...choicesOf(field).flatMap((choice) =>
      choice.type === 'array'
        ? fieldRows((choice.items ?? {}) as JsonSchema, `${prefix}${name}[].`)
        : fieldRows(choice, `${prefix}${name}.`),
    ),
  ])
}

/** A field's row. `name` is a path where it lies within another one: `files[].name`. */
export function fieldRow(name: string, field: JsonSchema, isRequired: boolean): Html {
  const need = isRequired ? html` <span class="need">required</span>` : html``
  const said = [field, ...choicesOf(field)].map(({ description }) => description)
  const about = [...new Set(said)]
    .filter((text) => typeof text === 'string')
    .map((text) => html`<br><span class="soft">${prose(text)}</span>`)
  return html`<tr><td><code>${name}</code>${need}</td><td>${typeText(field)}${about}</td></tr>`
}

/** What a field may be: itself, or each of its alternatives. */
function choicesOf(field: JsonSchema): JsonSchema[] {
  return Array.isArray(field.anyOf) ? field.anyOf : [field]
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
  if (Array.isArray(schema.type)) return schema.type.join(' or ')
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
