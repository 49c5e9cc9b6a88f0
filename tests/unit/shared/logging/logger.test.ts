import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import { createLogger, type LoggerOptions } from '#shared/logging/create-logger.ts'

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const logger = createLogger({
    service: 'image-worker',
    version: 'image-worker-7',
    destination: { write: (line) => lines.push(line) },
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    ...options,
  })
  return { logger, lines, entry: (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? 'null') }
}

test('writes one JSON entry a line in the names of Cloud Logging', () => {
  const { logger, lines, entry } = capture()
  logger.info('claimed the job', { fence: 3 })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/\}\n$/)
  expect(entry()).toEqual({
    severity: 'INFO',
    time: '2026-01-02T03:04:05.678Z',
    service: 'image-worker',
    fence: 3,
    message: 'claimed the job',
  })
})

test.each([
  ['debug', 'DEBUG'],
  ['info', 'INFO'],
  ['warn', 'WARNING'],
  ['error', 'ERROR'],
] as const)('gives %s the severity %s', (level, severity) => {
  const { logger, entry } = capture({ level: 'debug' })
  logger[level]('a sentence')
  expect(entry()).toMatchObject({ severity, message: 'a sentence' })
})

test('leaves out what is below its level', () => {
  const { logger, lines } = capture({ level: 'warn' })
  logger.info('unheard')
  logger.child({ job: 'j' }).debug('unheard')
  expect(lines).toEqual([])
})

test('gives every line of a child the fields of its parents, redacted', () => {
  const { logger, entry } = capture()
  logger.child({ job: 'image:b/x#1' }).child({ url: 'https://h/x?token=abc' }).warn('slow', { ms: 12 })
  expect(entry()).toMatchObject({ job: 'image:b/x#1', url: 'https://h/x?token=[redacted]', ms: 12 })
})

test('reports an error to Error Reporting with stack, cause, code and facts', () => {
  const { logger, entry } = capture()
  const cause = new TypeError('fetch failed')
  logger.error('job failed', {
    error: new TransientError({ code: 'clipdrop.unreachable', message: 'No answer.', facts: { host: 'h' }, cause }),
  })
  expect(entry()).toMatchObject({
    severity: 'ERROR',
    '@type': 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent',
    serviceContext: { service: 'image-worker', version: 'image-worker-7' },
    message: 'job failed',
    error: {
      name: 'TransientError',
      code: 'clipdrop.unreachable',
      retryable: true,
      message: 'No answer.',
      facts: { host: 'h' },
      cause: { name: 'TypeError', message: 'fetch failed' },
    },
  })
  expect(entry().stack_trace).toMatch(/^TransientError: No answer\.\n\s+at [\s\S]*Caused by: TypeError: fetch failed/)
})

test('does not page anybody for a warning that carries an error', () => {
  const { logger, entry } = capture()
  logger.warn('trying again', { error: new FinalError({ code: 'x', message: 'm' }) })
  expect(entry()).not.toHaveProperty('@type')
  expect(entry()).toHaveProperty('stack_trace')
})

test('keeps secrets out of messages, stacks, facts and nested fields', () => {
  const secret = 'c2VjcmV0LXNpZ25hdHVyZQ1'
  const { logger, lines } = capture()
  const error = new FinalError({
    code: 'x',
    message: `GET https://storage.googleapis.com/b/o?X-Goog-Signature=${secret}&x=1 failed`,
    facts: { headers: { Authorization: `Bearer ${secret}`, 'x-api-key': secret, accept: '*/*' } },
    cause: new Error(`authorization: Bearer ${secret}`),
  })
  logger.error(`fetching https://h/o?alt=media&token=${secret}`, { error, list: [{ apiKey: secret }], token: secret })
  expect(lines[0]).not.toContain(secret)
  expect(lines[0]).toContain('accept')
})

test('survives fields that cannot be serialised', () => {
  const { logger, entry } = capture()
  const circle: Record<string, unknown> = { name: 'circle' }
  circle.self = circle
  const broken = {
    get value() {
      throw new Error('no')
    },
  }
  logger.info('odd', {
    circle,
    broken,
    big: 2n ** 64n,
    bytes: Buffer.alloc(9),
    when: new Date(0),
    missing: undefined,
    nan: Number.NaN,
    long: 'x'.repeat(20_000),
    many: Array.from({ length: 500 }, (_, index) => index),
  })
  expect(entry()).toMatchObject({
    broken: '[unreadable]',
    big: '18446744073709551616',
    bytes: '[9 bytes]',
    when: '1970-01-01T00:00:00.000Z',
    nan: 'NaN',
  })
  expect(String(entry().long).length).toBeLessThan(9000)
  expect(entry().many).toHaveLength(101)
})

test('shows a short line with facts and stack to people', () => {
  const { logger, lines } = capture({ format: 'pretty' })
  logger.info('claimed', { job: 'j', steps: ['a'] })
  logger.error('failed', { error: new Error('boom') })
  expect(lines[0]).toBe('03:04:05.678 INFO    image-worker claimed job=j steps=["a"]\n')
  expect(lines[1]).toMatch(/^03:04:05\.678 ERROR {3}image-worker failed\n {4}Error: boom\n\s+at /)
})
