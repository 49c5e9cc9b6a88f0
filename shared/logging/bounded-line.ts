/**
 * Cloud Logging takes entries of up to 256 KiB and drops or splits longer lines; what its agent adds has room too.
 * https://cloud.google.com/logging/quotas#log-limits
 */
const MAX_LINE_BYTES = 200 * 1024

/** What a line is found, grouped and reported by. */
const KEPT =
  /^(?:severity|message|time|service|@type|serviceContext|stack_trace|error|event|kind|jobId|requestId|logging\.googleapis\.com\/.*)$/

/** A log line that is not too long: of one that is, only what it is found by, and the names of what was left out. */
export function boundedLine(line: string): string {
  // A character has at most three bytes in UTF-8 a unit of UTF-16; most lines are far below and are not counted.
  if (line.length * 3 <= MAX_LINE_BYTES || Buffer.byteLength(line) <= MAX_LINE_BYTES) return line
  const fields = Object.entries(JSON.parse(line) as Record<string, unknown>)
  const kept = fields.filter(([name]) => KEPT.test(name))
  const leftOut = fields.filter(([name]) => !KEPT.test(name)).map(([name]) => name.slice(0, 100))
  const short = JSON.stringify({ ...Object.fromEntries(kept), leftOut: leftOut.slice(0, 100) })
  return `${Buffer.byteLength(short) <= MAX_LINE_BYTES ? short : JSON.stringify(bare(fields))}\n`
}

/** An error's own facts can be too many too. */
function bare(fields: readonly [string, unknown][]): Record<string, unknown> {
  const all = Object.fromEntries(fields)
  const { severity, time, service, message } = all
  return { severity, time, service, message, leftOut: ['everything else'] }
}
