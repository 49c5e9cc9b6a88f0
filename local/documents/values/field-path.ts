import { invalidArgument } from '#local/documents/wire/status.ts'
import { type Fields, fieldsOf, type Value } from './value.ts'

/** A field path, one string a step: `a.b` is ['a', 'b']. */
export type FieldPath = readonly string[]

const SIMPLE = /^[a-zA-Z_][a-zA-Z_0-9]*$/
const parsed = new Map<string, FieldPath>()
const CACHE_LIMIT = 10_000

/** Parses the API's form: steps joined by dots, those that are not plain names in backticks with \\ and \` escaped. */
export function parseFieldPath(text: string): FieldPath {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const path = SIMPLE.test(text) ? [text] : parseSteps(text)
  if (parsed.size >= CACHE_LIMIT) parsed.clear()
  parsed.set(text, path)
  return path
}

function parseSteps(text: string): FieldPath {
  const steps: string[] = []
  let position = 0
  while (position <= text.length) {
    const { step, next } = text[position] === '`' ? quotedStep(text, position) : plainStep(text, position)
    steps.push(step)
    if (next >= text.length) return steps
    if (text[next] !== '.') throw badPath(text)
    position = next + 1
  }
  throw badPath(text)
}

function plainStep(text: string, start: number): { step: string; next: number } {
  const dot = text.indexOf('.', start)
  const next = dot === -1 ? text.length : dot
  const step = text.slice(start, next)
  if (!SIMPLE.test(step)) throw badPath(text)
  return { step, next }
}

function quotedStep(text: string, start: number): { step: string; next: number } {
  let step = ''
  for (let position = start + 1; position < text.length; position++) {
    const character = text[position]
    if (character === '`') {
      if (step === '') throw badPath(text)
      return { step, next: position + 1 }
    }
    if (character === '\\') position++
    step += text[position] ?? ''
  }
  throw badPath(text)
}

function badPath(text: string): Error {
  return invalidArgument(`Invalid property path "${text}".`)
}

/** The API's form of a path, the inverse of parseFieldPath. */
export function formatFieldPath(path: FieldPath): string {
  return path
    .map((step) => (SIMPLE.test(step) ? step : `\`${step.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``))
    .join('.')
}

export function getField(fields: Fields, path: FieldPath): Value | undefined {
  let current: Fields = fields
  for (let index = 0; index < path.length - 1; index++) {
    const next = fieldsOf(current.get(path[index] as string))
    if (next === null) return undefined
    current = next
  }
  return current.get(path[path.length - 1] as string)
}

/** Fields with `path` set, or removed when the value is undefined; maps on the way are made, other values replaced. */
export function withField(fields: Fields, path: FieldPath, value: Value | undefined): Fields {
  const [step, ...rest] = path
  if (step === undefined) return fields
  const copy = new Map(fields)
  if (rest.length === 0) {
    if (value === undefined) copy.delete(step)
    else copy.set(step, value)
    return copy
  }
  const child = fieldsOf(fields.get(step))
  if (child === null && value === undefined) return fields
  const inner = withField(child ?? new Map(), rest, value)
  return copy.set(step, { type: 'map', fields: inner })
}
