import { types } from 'node:util'
import pino from 'pino'
import { boundedLine } from './bounded-line.ts'
import { scopedLogFields } from './log-scope.ts'
import { loggable, stackOf } from './loggable.ts'
import type { LogFields, Logger } from './logger.ts'
import { prettyLine } from './pretty.ts'
import { redactText } from './redact.ts'

/** Where lines go: standard output, or a test's array. Written to synchronously, so nothing is lost at exit. */
export interface LogDestination {
  write(line: string): void
}

export interface LoggerOptions {
  service: string
  /** The revision, for Error Reporting. */
  version?: string | null
  level?: Level
  format?: 'json' | 'pretty'
  destination?: LogDestination
  now?: () => Date
}

type Level = 'debug' | 'info' | 'warn' | 'error'

/** Cloud Logging's names: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity */
const SEVERITIES: Record<string, string> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' }

/** Makes Error Reporting take the entry whatever its message looks like. */
const REPORTED_ERROR = 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent'

/** A logger that writes Cloud Logging's structured JSON (`severity`, `message`, `time`), one entry a line. */
export function createLogger(options: LoggerOptions): Logger {
  const now = options.now ?? (() => new Date())
  const raw = options.destination ?? pino.destination({ dest: 1, sync: true })
  const destination =
    options.format === 'pretty'
      ? prettyDestination(raw, options.destination === undefined)
      : { write: (line: string) => void raw.write(boundedLine(line)) }
  const root = pino(
    {
      level: options.level ?? 'info',
      base: { service: options.service },
      messageKey: 'message',
      timestamp: () => `,"time":"${now().toISOString()}"`,
      // A logger of the request itself has its fields already; a name twice in one line is read by nobody alike.
      mixin: (_fields, _level, logger) => {
        const fields = scopedLogFields()
        return fields === undefined || 'requestId' in logger.bindings() ? {} : plain(fields)
      },
      formatters: { level: (label) => ({ severity: SEVERITIES[label] ?? 'DEFAULT' }) },
    },
    destination,
  )
  const context = { service: options.service, ...(options.version ? { version: options.version } : {}) }
  return wrap(
    () => root,
    (level) => root.isLevelEnabled(level),
    context,
  )
}

/** `open` makes the child when a first line is really written: most requests write none, and a child costs more than they do. */
function wrap(
  open: () => pino.Logger,
  isEnabled: (level: Level) => boolean,
  serviceContext: Readonly<Record<string, string>>,
): Logger {
  let opened: pino.Logger | null = null
  const target = () => (opened ??= open())
  const write = (level: Level, message: string, fields: LogFields) => {
    if (!isEnabled(level)) return
    target()[level]({ ...plain(fields), ...errorReport(level, fields, serviceContext) }, redactText(message))
  }
  return {
    debug: (message, fields = {}) => write('debug', message, fields),
    info: (message, fields = {}) => write('info', message, fields),
    warn: (message, fields = {}) => write('warn', message, fields),
    error: (message, fields = {}) => write('error', message, fields),
    child: (fields) => wrap(() => target().child(plain(fields)), isEnabled, serviceContext),
  }
}

function plain(fields: LogFields): Record<string, unknown> {
  return loggable(fields) as Record<string, unknown> // An object without toJSON stays an object of fields.
}

function errorReport(
  level: Level,
  fields: LogFields,
  serviceContext: Readonly<Record<string, string>>,
): Record<string, unknown> {
  if (!types.isNativeError(fields.error)) return {}
  const stack = { stack_trace: stackOf(fields.error) }
  return level === 'error' ? { '@type': REPORTED_ERROR, serviceContext, ...stack } : level === 'warn' ? stack : {}
}

function prettyDestination(target: LogDestination, isStandardOutput: boolean): LogDestination {
  const colours = isStandardOutput && process.stdout.isTTY === true
  return { write: (line) => target.write(prettyLine(line, { colours })) }
}
