import { PassThrough, Readable } from 'node:stream'
import { readAccessLog } from '../../../../cli/cache/access-log.ts'

const entry = (name: string, timestamp: string, payload: Record<string, unknown> = {}) => ({
  insertId: 'x',
  timestamp,
  protoPayload: {
    '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
    serviceName: 'storage.googleapis.com',
    methodName: 'storage.objects.get',
    resourceName: `projects/_/buckets/models/objects/${name}`,
    authenticationInfo: { principalEmail: 'reader@project.iam.gserviceaccount.com' },
    status: {},
    ...payload,
  },
})
const [first, second] = ['2026-03-01T12:00:00.123456789Z', '2026-03-02T12:00:00+01:00']
const lines = (...entries: unknown[]) => Readable.from(entries.map((one) => `${JSON.stringify(one)}\n`))
const read = (input: Readable, ignored: string[] = []) => readAccessLog(input, ignored, new AbortController().signal)

test('each object is told once, with its last use, whatever the order of the lines', async () => {
  const log = await read(lines(entry('a b/ü.bin', second), entry('a b/ü.bin', first), '', entry('c', first)))
  expect(log).toEqual({
    entryCount: 4,
    uses: [
      { uri: 'gs://models/a b/ü.bin', usedAt: new Date('2026-03-02T11:00:00Z') },
      { uri: 'gs://models/c', usedAt: new Date('2026-03-01T12:00:00.123Z') },
    ],
  })
})

test('the array that gcloud prints is read too', async () => {
  const printed = JSON.stringify([entry('a', first), entry('b', first)], null, 2)
  // In pieces that end anywhere.
  const { uses } = await read(Readable.from(printed.match(/.{1,50}/gs) ?? []))
  expect(uses.map(({ uri }) => uri)).toEqual(['gs://models/a', 'gs://models/b'])
  expect(await read(Readable.from(['[]\n']))).toEqual({ uses: [], entryCount: 0 })
})

test.each<[string, unknown]>([
  ['another method', entry('a', first, { methodName: 'storage.objects.list' })],
  ['a refused read', entry('a', first, { status: { code: 7, message: 'Permission denied.' } })],
  ['a read by who does not count', entry('a', first, { authenticationInfo: { principalEmail: 'sync@x' } })],
  ['a read by a name that does not count', entry('a', first, { authenticationInfo: { principalEmail: 'robot@y' } })],
  ['a bucket', entry('a', first, { resourceName: 'projects/_/buckets/models' })],
  ['an entry without a time', { ...entry('a', first), timestamp: undefined }],
  ['a line of something else', { textPayload: 'hello' }],
])('%s is no use', async (_what, one) => {
  expect(await read(lines(one), ['sync@x', 'robot@'])).toEqual({ uses: [], entryCount: 1 })
})

test('what is no JSON is refused with its line', async () => {
  await expect(read(Readable.from(['{}\n', '\n', 'GET /a HTTP/1.1\n']))).rejects.toMatchObject({
    code: 'forge.bad-log',
    message: expect.stringMatching(/^Line 3 of the log is no JSON\./),
  })
  await expect(read(Readable.from(['[{}\n', ', {]\n']))).rejects.toMatchObject({ code: 'forge.bad-log' })
})

test('Ctrl-C is heard while a pipe says nothing', async () => {
  const controller = new AbortController()
  const input = new PassThrough()
  const log = readAccessLog(input, [], controller.signal)
  controller.abort(new Error('enough'))
  await expect(log).rejects.toThrow('enough')
  expect(input.destroyed).toBe(true)
})
