import { localProject } from '#local/environment.ts'
import { freePort } from '#local/service-process.ts'
import { connectFirestore, startTestDocuments } from '../../support/documents.ts'
import { forge } from '../../support/forge.ts'
import { startReceiver } from '../../support/receiver.ts'

const run = (args: string[], env: Record<string, string> = {}) => forge(args, { env }).ended

test('the overview comes without a project, on standard output', async () => {
  const answer = await run(['--help'])
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
  expect(answer.stdout).toMatch(/^forge: /)
})

test('a usage error is 2 for the shell, and leaves standard output empty', async () => {
  const answer = await run(['images', 'destroy'])
  expect(answer).toMatchObject({ exitCode: 2, stdout: '' })
  expect(answer.stderr).toMatch(/^There is no command "images destroy"\.\n\nforge images: /)
})

test('a bad environment is told at once and whole, in both forms', async () => {
  const text = await run(['images', 'process', 'a'], { STORAGE_BUCKET: 'gs://x' })
  expect(text).toMatchObject({ exitCode: 2, stdout: '' })
  expect(text.stderr).toMatch(/GOOGLE_CLOUD_PROJECT is missing.*STORAGE_BUCKET is "gs:\/\/x"/)
  const json = await run(['images', 'process', 'a', '--json'])
  expect(json).toMatchObject({ exitCode: 2, stderr: '' })
  expect(json.records()).toEqual([{ type: 'error', code: 'config.invalid', message: expect.any(String) }])
})

test('--local is the local cloud’s project and buckets, whatever the shell says', async () => {
  const documents = await startTestDocuments()
  const env = { FIRESTORE_EMULATOR_HOST: documents.host, GOOGLE_CLOUD_PROJECT: 'production', TASKS_QUEUE: 'nonsense' }
  const db = connectFirestore(documents.host, localProject)
  try {
    await db.doc('characters/there').set({ visuals: {}, meta: { userId: 'ann' } })
    const answer = await run(['images', 'process', 'there', 'elsewhere', '--local', '--json'], env)
    expect(answer.records().map((record) => record.code)).toEqual(['image.no-picture', 'image.no-document'])
  } finally {
    await db.terminate()
    await documents.close()
  }
})

test.each([
  ['none at all', {}, /^You are not signed in to Google Cloud: "gcloud auth application-default login"/],
  [
    'a file that is not there',
    { GOOGLE_APPLICATION_CREDENTIALS: '/nonexistent/key.json' },
    /^Your sign-in to Google Cloud is not good, .*\/nonexistent\/key\.json/,
  ],
])(
  'without credentials for Google (%s) a project is not worked on, and the way to them is told',
  async (_what, credentials, sentence) => {
    const env = {
      GOOGLE_CLOUD_PROJECT: 'test-project',
      STORAGE_BUCKET: 'app-bucket',
      HOME: '/nonexistent',
      ...credentials,
    }
    const answer = await run(['jobs', 'list', '--json'], { ...env, METADATA_SERVER_DETECTION: 'none' })
    expect(answer).toMatchObject({ exitCode: 2, stderr: '' })
    const message = expect.stringMatching(sentence)
    expect(answer.records()).toEqual([{ type: 'error', code: 'forge.no-google-sign-in', message }])
  },
)

test('a local cloud that is not running is said at once', async () => {
  const host = `127.0.0.1:${await freePort()}`
  const answer = await run(['images', 'process', 'a', '--local'], { FIRESTORE_EMULATOR_HOST: host })
  expect(answer.exitCode).toBe(1)
  expect(answer.stderr).toBe(
    `Nothing answers at ${host} (FIRESTORE_EMULATOR_HOST). \`npm run dev\` starts the local cloud.\n`,
  )
})

describe('reconcile without a task queue', () => {
  const project = { GOOGLE_CLOUD_PROJECT: 'test-project', STORAGE_BUCKET: 'app-bucket' }

  test('a service that lets nobody in from outside is explained', async () => {
    const service = await startReceiver(() => 404)
    try {
      const answer = await run(['reconcile'], { ...project, SERVICE_URL: service.url })
      expect(answer.exitCode).toBe(1)
      expect(answer.stderr).toMatch(/answered 404\. It takes calls from inside .*TASKS_QUEUE/)
    } finally {
      await service.close()
    }
  })
})
