import { types } from 'node:util'
import { AppError } from '#shared/errors/app-error.ts'
import { isSecretName, REDACTED, redactText } from './redact.ts'

/** Cloud Logging refuses entries over 256 KiB; these bounds keep a careless field far below. */
const MAX_DEPTH = 8
const MAX_ITEMS = 100
const MAX_TEXT = 8192
/** A stack with the stacks of its causes; more causes than this is a loop or of no help. */
const MAX_CAUSES = 5

/** A copy of `value` that is plain JSON, bounded, and without secrets. Never throws: a log line must not break work. */
export function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(clip(value))
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '[deep]'
  if (types.isNativeError(value)) return loggableError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof URL) return redactText(value.href)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return loggableList(value, depth)
  if (value instanceof Set) return loggableList([...value], depth)
  if (value instanceof Map) return loggableFields(Object.fromEntries(value), depth)
  return loggableFields(value, depth)
}

/** The stack of a thrown value and of its causes, redacted. */
export function stackOf(error: Error): string {
  const stacks: string[] = []
  let current: unknown = error
  while (types.isNativeError(current) && stacks.length < MAX_CAUSES) {
    const stack = current.stack ?? `${current.name}: ${current.message}`
    stacks.push(stacks.length === 0 ? stack : `Caused by: ${stack}`)
    current = current.cause
  }
  return redactText(clip(stacks.join('\n')))
}

function loggableError(error: Error, depth: number): Record<string, unknown> {
  const code = 'code' in error ? { code: loggable(error.code, depth + 1) } : {}
  const app = error instanceof AppError ? { retryable: error.retryable } : {}
  const facts =
    error instanceof AppError && Object.keys(error.facts).length > 0 ? { facts: loggable(error.facts, depth + 1) } : {}
  const cause = error.cause === undefined ? {} : { cause: loggable(error.cause, depth + 1) }
  return { name: error.name, ...code, ...app, message: redactText(clip(error.message)), ...facts, ...cause }
}

function loggableList(list: readonly unknown[], depth: number): unknown[] {
  const shown = list.slice(0, MAX_ITEMS).map((item) => loggable(item, depth + 1))
  if (list.length > MAX_ITEMS) shown.push(`[${list.length - MAX_ITEMS} more]`)
  return shown
}

function loggableFields(object: object, depth: number): unknown {
  try {
    // Own JSON forms (SecretReference, Timestamp) know better what may be shown than their fields do.
    if ('toJSON' in object && typeof object.toJSON === 'function') return loggable(object.toJSON(), depth + 1)
    const shown: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(object).slice(0, MAX_ITEMS)) {
      const isShown = !isSecretName(name) || value === null || typeof value === 'boolean' || typeof value === 'number'
      shown[name] = isShown ? loggable(value, depth + 1) : REDACTED
    }
    return shown
  } catch {
    return '[unreadable]'
  }
}

function clip(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… [${text.length - MAX_TEXT} more characters]` : text
}
