const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/

/**
 * A time stamp of the API, cut to milliseconds; null for anything else. Recorded ones have 2 to 9 digits of a second,
 * and ECMAScript promises to read three. The same field changes its digits and even its value between calls (contract
 * §3): never use one as a key.
 */
export function readTime(value: unknown): Date | null {
  const [, seconds, fraction = '', zone] = TIMESTAMP.exec(typeof value === 'string' ? value : '') ?? []
  const atMs = Date.parse(`${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}${zone}`)
  return Number.isNaN(atMs) ? null : new Date(atMs)
}
