import { AsyncLocalStorage } from 'node:async_hooks'
import type { LogFields } from './logger.ts'

const scope = new AsyncLocalStorage<LogFields>()

/** Does `work` so that every line logged in it, by whatever logger and after whatever wait, carries `fields` too. */
export function withLogFields<T>(fields: LogFields, work: () => T): T {
  return scope.run(fields, work)
}

/** Does `work` apart from whose turn it happens to be: for what is made once and serves everybody. */
export function withoutLogFields<T>(work: () => T): T {
  return scope.exit(work)
}

/** The fields of the line that is logged now. */
export function scopedLogFields(): LogFields | undefined {
  return scope.getStore()
}
