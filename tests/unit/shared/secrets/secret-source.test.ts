import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SecretOrigin, SecretReference } from '#shared/config/secret-reference.ts'
import { secretSource } from '#shared/secrets/secret-source.ts'

const version = 'projects/p/secrets/s/versions/latest'

function clock() {
  let now = 1_000_000
  return { now: () => now, advance: (ms: number) => (now += ms) }
}

function managed(time: ReturnType<typeof clock>) {
  const answers: (string | Error)[] = []
  const asked: string[] = []
  const reference = new SecretReference({ kind: 'manager', version } satisfies SecretOrigin)
  const source = secretSource(reference, {
    now: time.now,
    accessVersion: async (name) => {
      asked.push(name)
      const answer = answers.shift()
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no answer prepared')
      return answer
    },
  })
  return { source, answers, asked }
}

test('gives a value from the environment as it is', async () => {
  await expect(secretSource(new SecretReference({ kind: 'value', value: 'k' })).get()).resolves.toBe('k')
})

test('asks Secret Manager once within five minutes, also for concurrent callers', async () => {
  const time = clock()
  const { source, answers, asked } = managed(time)
  answers.push('one', 'two')
  await expect(Promise.all([source.get(), source.get(), source.get()])).resolves.toEqual(['one', 'one', 'one'])
  time.advance(299_999)
  await expect(source.get()).resolves.toBe('one')
  expect(asked).toEqual([version])
  time.advance(1)
  await expect(source.get()).resolves.toBe('two')
})

test('goes on with the last value while a refresh fails, and tries again soon', async () => {
  const time = clock()
  const { source, answers, asked } = managed(time)
  answers.push('one', new Error('down'), 'two')
  await source.get()
  time.advance(300_000)
  await expect(source.get()).resolves.toBe('one')
  await expect(source.get()).resolves.toBe('one')
  expect(asked).toHaveLength(2)
  time.advance(10_000)
  await expect(source.get()).resolves.toBe('two')
})

test('throws what the first read threw, and reads again at the next call', async () => {
  const { source, answers } = managed(clock())
  answers.push(new Error('down'), 'one')
  await expect(source.get()).rejects.toThrow('down')
  await expect(source.get()).resolves.toBe('one')
})

describe('a mounted file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'secrets-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is read again when it was rotated, after half a minute', async () => {
    const time = clock()
    const path = join(folder, 'key')
    writeFileSync(path, 'old\n')
    const source = secretSource(new SecretReference({ kind: 'file', path }), { now: time.now })
    await expect(source.get()).resolves.toBe('old')
    writeFileSync(path, 'new\n')
    await expect(source.get()).resolves.toBe('old')
    time.advance(30_000)
    await expect(source.get()).resolves.toBe('new')
  })

  test.each([
    ['missing', null],
    ['empty', ' \n'],
  ])('that is %s is a passing fault that names the path', async (_, content) => {
    const path = join(folder, 'key')
    if (content !== null) writeFileSync(path, content)
    const source = secretSource(new SecretReference({ kind: 'file', path }))
    await expect(source.get()).rejects.toMatchObject({
      code: 'secret.unavailable',
      retryable: true,
      message: expect.stringContaining(path),
    })
  })
})
