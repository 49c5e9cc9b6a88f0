import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { configWarnings } from '#shared/config/checks.ts'
import { variables } from '#shared/config/environment.ts'
import { loadConfig } from '#shared/config/load.ts'
import { SecretReference } from '#shared/config/secret-reference.ts'
import type { Environment } from '#shared/config/variable.ts'
import { ConfigError } from '#shared/errors/app-error.ts'

const minimal = { GOOGLE_CLOUD_PROJECT: 'demo', STORAGE_BUCKET: 'demo.appspot.com' }

function load(env: Environment) {
  return loadConfig('image-worker', { ...minimal, ...env })
}

function refusal(env: Environment): ConfigError {
  try {
    loadConfig('image-worker', env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('The configuration was accepted.')
}

test('starts with a project and a bucket alone, everything else at its default', () => {
  const config = load({})
  expect(config).toMatchObject({
    PORT: 8080,
    LOG_LEVEL: 'info',
    WORK_BUCKET: 'demo.appspot.com',
    BACKGROUND_PROVIDERS: ['local'],
    UPSCALE_PROVIDERS: ['local'],
    MAX_UPLOAD_BYTES: 50 * 1024 * 1024,
    JOB_DEADLINE_MS: 23 * 3600 * 1000,
    CLIPDROP_API_KEY: null,
    INTERNAL_INVOKERS: [],
    INTERNAL_AUDIENCES: [],
    TRUST_STRIPPED_SIGNATURE: false,
    OIDC_ISSUERS: ['https://accounts.google.com', 'accounts.google.com'],
  })
})

test('every default and every example of the table passes its own schema', () => {
  for (const [name, variable] of variables()) {
    if (typeof variable.default === 'string') {
      expect(() => variable.schema.parse(String(variable.default))).not.toThrow()
    }
    if (name !== 'FIREBASE_SERVICE_ACCOUNT_KEY') expect(() => variable.schema.parse(variable.example)).not.toThrow()
  }
})

test('tells every problem in one sentence each, with the name, the fault and a good value', () => {
  const { message } = refusal({ PORT: 'abc', STORAGE_BUCKET: 'gs://x', LEASE_MS: '-1', TASKS_QUEUE: 'images' })
  expect(message).toContain('PORT is "abc"; give a port from 0 to 65535, for example 8080.')
  expect(message).toContain('GOOGLE_CLOUD_PROJECT is missing; give a project id')
  expect(message).toContain('STORAGE_BUCKET is "gs://x"; give a bucket name without gs://')
  expect(message).toContain('LEASE_MS is "-1"; give a whole number of milliseconds from 100 ')
  expect(message).toContain('TASKS_QUEUE is "images"; give a queue\'s resource name')
  expect(message).not.toContain('WORK_BUCKET')
})

test.each([
  ['PORT', '65536'],
  ['PORT', '80.5'],
  ['LOG_LEVEL', 'verbose'],
  ['TRUST_STRIPPED_SIGNATURE', 'yes'],
  ['BACKGROUND_PROVIDERS', 'local,photoshop'],
  ['CLIPDROP_BASE_URL', 'http://clipdrop.example'],
  ['CLIPDROP_BASE_URL', 'https://user:hunter2@clipdrop.example'],
  ['CLIPDROP_BASE_URL', 'clipdrop-api.co'],
  ['STORAGE_EMULATOR_HOST', '127.0.0.1:9199'],
  ['FIRESTORE_EMULATOR_HOST', 'http://127.0.0.1:8085'],
  ['FETCH_ALLOW_HOSTS', 'localhost'],
  ['WORK_BUCKET', 'bucket/path'],
  ['FIREBASE_SERVICE_ACCOUNT_KEY', '{"client_email":"a@b"}'],
  ['CLIPDROP_API_KEY', 'sm://clipdrop'],
  ['REPLICATE_UPSCALE_MODEL', 'real-esrgan'],
  ['REPLICATE_UPSCALE_MODEL', 'nightmareai/real-esrgan:42fed1c4'],
  ['REPLICATE_UPSCALE_INPUT', 'image'],
  ['REPLICATE_UPSCALE_INPUT', '["$image"]'],
  ['REPLICATE_BACKGROUND_OUTPUT', 'all'],
])('refuses %s=%s', (name, value) => {
  const { message } = refusal({ ...minimal, [name]: value })
  expect(message).toContain(`${name} `)
  expect(message).not.toContain('hunter2')
})

test('takes empty text for absent and drops the blanks around a value', () => {
  expect(load({ PORT: '', TASKS_QUEUE: '  ' })).toMatchObject({ PORT: 8080, TASKS_QUEUE: null })
  expect(load({ WORK_BUCKET: ' demo-work\n' }).WORK_BUCKET).toBe('demo-work')
})

test('gives base URLs without a trailing slash and lists without blanks', () => {
  const config = load({ CLIPDROP_BASE_URL: 'http://127.0.0.1:9/', FETCH_ALLOW_HOSTS: ' 127.0.0.1:1 ,[::1]:2,' })
  expect(config.CLIPDROP_BASE_URL).toBe('http://127.0.0.1:9')
  expect(config.FETCH_ALLOW_HOSTS).toEqual(['127.0.0.1:1', '[::1]:2'])
})

test('uses ClipDrop first as soon as its key is there, in whatever form', () => {
  expect(load({ CLIPDROP_API_KEY: 'k' }).BACKGROUND_PROVIDERS).toEqual(['clipdrop', 'local'])
  expect(load({ CLIPDROP_API_KEY: 'sm://projects/p/secrets/s/versions/1' }).UPSCALE_PROVIDERS[0]).toBe('clipdrop')
})

test.each([
  [{ BACKGROUND_PROVIDERS: 'clipdrop' }, 'BACKGROUND_PROVIDERS names clipdrop, which needs CLIPDROP_API_KEY'],
  [{ UPSCALE_PROVIDERS: 'replicate,local' }, 'UPSCALE_PROVIDERS names replicate, which needs REPLICATE_API_TOKEN'],
  [{ UPSCALE_PROVIDERS: ',' }, 'UPSCALE_PROVIDERS names no provider'],
  [{ INTERNAL_INVOKERS: 'tasks@p.iam.gserviceaccount.com' }, 'INTERNAL_INVOKERS needs SERVICE_URL'],
  [{ TASKS_QUEUE: 'projects/p/locations/l/queues/q' }, 'TASKS_QUEUE needs SERVICE_URL'],
  [{ TASKS_QUEUE: 'projects/p/locations/l/queues/q' }, 'TASKS_QUEUE needs TASKS_SERVICE_ACCOUNT'],
])('refuses what does not fit together: %o', (env, sentence) => {
  expect(refusal({ ...minimal, ...env }).message).toContain(sentence)
})

test('lets the tokens of /internal/* name the service itself by default', () => {
  expect(load({ SERVICE_URL: 'https://worker.example/' }).INTERNAL_AUDIENCES).toEqual(['https://worker.example'])
})

test('never shows a secret: not in a refusal, not when a configuration is printed or serialised', () => {
  const secret = 'clipdrop-key-0123456789'
  const config = load({ CLIPDROP_API_KEY: secret })
  expect(config.CLIPDROP_API_KEY).toBeInstanceOf(SecretReference)
  expect(config.CLIPDROP_API_KEY?.origin).toEqual({ kind: 'value', value: secret })
  expect(
    `${inspect(config, { depth: 9, showHidden: true })}${JSON.stringify(config)}${config.CLIPDROP_API_KEY}`,
  ).not.toContain(secret)
  const error = refusal({ ...minimal, FIREBASE_SERVICE_ACCOUNT_KEY: secret, PORT: 'x' })
  expect(`${error.message}${JSON.stringify(error.facts)}`).not.toContain(secret)
})

describe('a secret in a file', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is named by NAME_FILE and read later from there', () => {
    const path = join(folder, 'key')
    writeFileSync(path, 'a-key\n')
    expect(load({ CLIPDROP_API_KEY_FILE: path }).CLIPDROP_API_KEY?.origin).toEqual({ kind: 'file', path })
    expect(load({ CLIPDROP_API_KEY_FILE: path }).BACKGROUND_PROVIDERS).toEqual(['clipdrop', 'local'])
  })

  test('stops the start when the file is missing, empty, or when the value is given twice', () => {
    const path = join(folder, 'key')
    expect(refusal({ ...minimal, CLIPDROP_API_KEY_FILE: path }).message).toContain('failed with ENOENT')
    writeFileSync(path, '\n')
    expect(refusal({ ...minimal, CLIPDROP_API_KEY_FILE: path }).message).toContain('which is empty')
    expect(refusal({ ...minimal, CLIPDROP_API_KEY_FILE: path, CLIPDROP_API_KEY: 'k' }).message).toContain('both set')
  })
})

test('warns about a shared work bucket in production, and not on a laptop', () => {
  const queue = { INTERNAL_INVOKERS: 'tasks@p.iam.gserviceaccount.com', SERVICE_URL: 'https://w.example' }
  expect(configWarnings(load(queue))).toEqual([expect.stringContaining('WORK_BUCKET')])
  expect(configWarnings(load({ ...queue, WORK_BUCKET: 'demo-work' }))).toEqual([])
  expect(configWarnings(load({ FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' }))).toEqual([
    expect.stringContaining('anybody on this machine'),
  ])
})
