type Mask = Map<string, Mask>

/** Keeps only the fields that a `fields` parameter names: `items(name,size),nextPageToken`, `items/name`, `*`. */
export function applyFieldMask(value: unknown, fields: string | null): unknown {
  return fields === null || fields === '' ? value : select(value, parseMask(fields))
}

function parseMask(fields: string): Mask {
  const mask: Mask = new Map()
  for (const field of splitTopLevel(fields)) {
    const match = /^([^(/]+)(?:\/(.+)|\((.+)\))?$/s.exec(field.trim())
    if (match === null) continue
    const [, name = '', child, children] = match
    const inner = child ?? children
    const existing = mask.get(name) ?? new Map()
    for (const [key, value] of inner === undefined ? [] : parseMask(inner)) existing.set(key, value)
    mask.set(name, existing)
  }
  return mask
}

function splitTopLevel(fields: string): string[] {
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const character of fields) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += character
  }
  return [...parts, part]
}

function select(value: unknown, mask: Mask): unknown {
  if (mask.size === 0 || mask.has('*')) return value
  if (Array.isArray(value)) return value.map((item) => select(item, mask))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([key, field]) => {
    const inner = mask.get(key)
    return inner === undefined ? [] : [[key, select(field, inner)]]
  })
  return Object.fromEntries(entries)
}
