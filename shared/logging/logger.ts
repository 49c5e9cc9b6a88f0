/** Facts beside a message. `error` holds a thrown value; the names of the line's own parts can't be used. */
export interface LogFields {
  readonly [name: string]: unknown
  readonly message?: never
  readonly severity?: never
  readonly time?: never
}

/** What the code logs with. Strings in fields and messages are redacted, so a signed URL may pass by accident. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  /** With `fields.error` an `Error`, Error Reporting gets its stack. Log a failure once, where it stops. */
  error(message: string, fields?: LogFields): void
  /** A logger whose every line carries `fields` too: a job id, a trace. */
  child(fields: LogFields): Logger
}

/** A logger that says nothing, for tests and for code whose caller gave none. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}
