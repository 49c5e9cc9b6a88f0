import * as z from 'zod'
import { FinalError } from '#shared/errors/app-error.ts'
import { createLogger } from '#shared/logging/create-logger.ts'
import { withLogFields, withoutLogFields } from '#shared/logging/log-scope.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { traceFields } from '#shared/logging/trace.ts'

/**
 * What Google documents of an entry:
 * https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
 * https://cloud.google.com/error-reporting/docs/formatting-error-messages
 */
const entrySchema = z.looseObject({
  severity: z.enum(['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY']),
  message: z.string().min(1),
  time: z.iso.datetime(),
  'logging.googleapis.com/trace': z
    .string()
    .regex(/^projects\/[^/]+\/traces\/[0-9a-f]{32}$/)
    .optional(),
  'logging.googleapis.com/spanId': z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  'logging.googleapis.com/trace_sampled': z.boolean().optional(),
})
const reportedSchema = entrySchema.extend({
  '@type': z.literal('type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent'),
  severity: z.literal('ERROR'),
  serviceContext: z.strictObject({ service: z.string().min(1), version: z.string().min(1).optional() }),
  // For Node.js: what `error.stack` is, a head line and frames. It is looked at before `message`.
  stack_trace: z.string().regex(/^\w*Error: [^\n]+\n {4}at /),
})

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

function capture() {
  const lines: string[] = []
  const destination = { write: (line: string) => lines.push(line) }
  const logger = createLogger({ service: 'api', version: 'api-00001-abc', level: 'debug', destination })
  return { logger, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('every level writes an entry as Cloud Logging documents it, with the trace of its request', () => {
  const { logger, entries } = capture()
  const child = logger.child({ requestId: 'r', ...traceFields({ traceparent: TRACEPARENT }, 'demo') })
  for (const level of ['debug', 'info', 'warn', 'error'] as const) child[level]('A sentence.')
  expect(entries()).toHaveLength(4)
  for (const entry of entries()) expect(entrySchema.parse(entry)).toHaveProperty(['logging.googleapis.com/trace'])
})

test.each([
  ['an error of Node', new TypeError('fetch failed')],
  ['one of ours with a cause', new FinalError({ code: 'a.b', message: 'No.', cause: new Error('why') })],
  ['one whose message has several lines', new RangeError('first\nsecond')],
])('%s is reported as Error Reporting documents it', (_what, error) => {
  const { logger, entries } = capture()
  logger.error('The job failed.', { error })
  const stack = /\n {4}at /.test(String(entries()[0]?.stack_trace))
  expect(stack).toBe(true)
  if (!error.message.includes('\n')) expect(() => reportedSchema.parse(entries()[0])).not.toThrow()
  expect(entries()[0]).toMatchObject({ serviceContext: { service: 'api', version: 'api-00001-abc' } })
})

test('an entry that is no failure of ours is not reported', () => {
  const { logger, entries } = capture()
  logger.warn('It will be tried again.', { error: new Error('passing') })
  logger.info('A request was refused.', { code: 'x' })
  for (const entry of entries()) expect(entry).not.toHaveProperty('@type')
})

test('an entry stays below what Cloud Logging takes, keeps what it is found by, and names what it lost', () => {
  const { logger, lines, entries } = capture()
  const many = Array.from({ length: 100 }, () => 'ü'.repeat(8000))
  logger.child({ jobId: 'j', ...traceFields({ traceparent: TRACEPARENT }, 'demo') }).error('It failed.', {
    error: new Error('boom'),
    many,
  })
  expect(Buffer.byteLength(lines[0] ?? '')).toBeLessThan(256 * 1024)
  expect(reportedSchema.parse(entries()[0])).toMatchObject({ jobId: 'j', message: 'It failed.', leftOut: ['many'] })
  logger.error('It failed too.', { error: new FinalError({ code: 'x', message: 'm', facts: { many } }) })
  expect(Buffer.byteLength(lines[1] ?? '')).toBeLessThan(256 * 1024)
  expect(entrySchema.parse(entries()[1])).toMatchObject({ message: 'It failed too.' })
})

describe('a scope', () => {
  const fields = { requestId: 'r1', ...traceFields({ traceparent: TRACEPARENT }, 'demo') }
  const later = async (logger: Logger) => {
    await new Promise((resolve) => setImmediate(resolve))
    logger.info('Done.', { step: 's' })
  }

  test('gives its fields to lines of loggers that know nothing of it, also after a wait', async () => {
    const { logger, entries } = capture()
    await withLogFields(fields, () => later(logger.child({ jobId: 'j' })))
    expect(entrySchema.parse(entries()[0])).toMatchObject({ ...fields, jobId: 'j', step: 's' })
    await later(logger)
    expect(entries()[1]).not.toHaveProperty('requestId')
  })

  test('leaves a logger alone that has them already: no name is twice in a line', () => {
    const { logger, lines } = capture()
    withLogFields(fields, () => logger.child(fields).info('Refused.'))
    expect(lines[0]?.match(/"requestId"/g)).toHaveLength(1)
  })

  test('is left for what serves everybody', async () => {
    const { logger, entries } = capture()
    await withLogFields(fields, () => withoutLogFields(() => later(logger)))
    expect(entries()[0]).not.toHaveProperty('requestId')
  })
})
