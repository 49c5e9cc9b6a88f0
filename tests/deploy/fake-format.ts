type Json = unknown

/** A record of the fake project, as Google's API would give it. */
export type Resource = Record<string, unknown>

/**
 * What gcloud prints of records under `--format`, as far as deploy/ uses it: `value(…)` with `separator`, and `json(…)`. A test
 * compares this with gcloud's own printer.
 */
export function printed(rows: readonly Resource[], format: string): string {
  const [, kind = '', options = '', keys = ''] = /^(value|json)(\[[^\]]*\])?\((.*)\)$/s.exec(format) ?? []
  if (kind === '') throw new Error(`The fake gcloud knows no format ${format}.`)
  if (kind === 'json') return rows.map((row) => projection(row, keys.split(','))).join('\n')
  const separator = /separator="([^"]*)"/.exec(options)?.[1] ?? '\t'
  const expressions = splitKeys(keys)
  return rows.map((row) => expressions.map((one) => shown(evaluated(row, one))).join(separator)).join('\n')
}

/** `--flatten='bindings[].members'`: one record an element, the path to it replaced. */
export function flattened(record: Resource, flatten: string): Resource[] {
  const [outer = '', inner = ''] = flatten.split('[].')
  const list = (record[outer] ?? []) as Resource[]
  return list.flatMap((element) =>
    ((element[inner] ?? []) as Json[]).map((one) => ({ ...record, [outer]: { ...element, [inner]: one } })),
  )
}

/** JSON of those keys that are there, in their order in the alphabet; `null` for none. */
function projection(record: Resource, keys: string[]): string {
  const entries = keys.flatMap((key) => (record[key] === undefined ? [] : [[key, record[key]] as const]))
  return JSON.stringify(entries.length === 0 ? null : sorted(Object.fromEntries(entries)), null, 2)
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, one]) => [key, sorted(one)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Commas part keys, but not those within parentheses. */
function splitKeys(keys: string): string[] {
  return keys.match(/(?:[^,(]|\((?:[^()"]|"[^"]*")*\))+/g) ?? []
}

/** One expression: names lead into the record, calls change what is there. */
function evaluated(record: Resource, expression: string): Json {
  let value: Json = record
  let each = false
  for (const [, name = '', call] of expression.matchAll(/([\w-]+)(\((?:[^()"]|"[^"]*")*\))?/g)) {
    if (call === undefined) value = Array.isArray(value) ? value.map((one) => child(one, name)) : child(value, name)
    else if (value === undefined) return undefined
    else if (name === 'map') each = true
    else {
      const apply = (one: Json) => transformed(one, name, call.slice(1, -1))
      value = each && Array.isArray(value) ? value.map(apply) : apply(value)
      each = false
    }
  }
  return value
}

function child(value: Json, name: string): Json {
  return typeof value === 'object' && value !== null ? (value as Resource)[name] : undefined
}

function transformed(value: Json, name: string, args: string): Json {
  const text = shown(value)
  if (name === 'basename') return text.split('/').at(-1)
  if (name === 'segment') return text.split('/').at(Number(args))
  if (name === 'list') {
    const separator = /separator="([^"]*)"/.exec(args)?.[1] ?? ','
    return Array.isArray(value) ? value.map(shown).join(separator) : value
  }
  if (name === 'format') {
    const [, pattern = '', names = ''] = /^"([^"]*)",(.*)$/.exec(args) ?? []
    const fields = names.split(',')
    return pattern.replace(/\{(\d)\}/g, (_, index) => {
      const field = child(value, fields[Number(index)] ?? '')
      return field === undefined ? 'None' : shown(field)
    })
  }
  throw new Error(`The fake gcloud knows no transform ${name}.`)
}

function shown(value: Json): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (Array.isArray(value)) return value.map(shown).join(';')
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([key, one]) => `${key}=${shown(one)}`)
      .join(';')
  return String(value)
}
