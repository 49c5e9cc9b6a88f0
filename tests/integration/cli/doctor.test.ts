import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startBucketServer } from '#local/bucket/server.ts'
import { type Index, readIndexFile } from '#local/documents/indexes/declared.ts'
import { startDocumentServer } from '#local/documents/server.ts'
import { localBuckets, localEnvironment } from '#local/environment.ts'
import { openIdentity } from '#local/identity/identity.ts'
import { startTaskServer } from '#local/tasks/server.ts'
import { loadConfig } from '#shared/config/load.ts'
import { checkQueue } from '../../../cli/doctor/check-queue.ts'
import { checkSecrets, secretNames } from '../../../cli/doctor/check-secrets.ts'
import { checkServices } from '../../../cli/doctor/check-services.ts'
import { checkNode, examine } from '../../../cli/doctor/examine.ts'
import { type Examined, type Finding, googleApis } from '../../../cli/doctor/finding.ts'
import { readProject } from '../../../tools/infra/project.ts'
import { forgeHere } from '../../support/forge.ts'

const declared = readIndexFile(fileURLToPath(new URL('../../../infra/firestore.indexes.json', import.meta.url)))
const closers: (() => Promise<unknown>)[] = []
let env: Record<string, string>
let servers: Awaited<ReturnType<typeof startCloud>>

beforeAll(async () => {
  servers = await startCloud({ indexes: declared, buckets: Object.values(localBuckets) })
  env = servers.env
})

afterAll(async () => {
  for (const close of closers.toReversed()) await close()
})

/** Google's side of a local cloud, and one service that is well; what is left out of it is what is broken. */
async function startCloud(options: { indexes: readonly Index[]; buckets: readonly string[] }) {
  const dataDir = await mkdtemp(join(tmpdir(), 'doctor-'))
  closers.push(() => rm(dataDir, { recursive: true, force: true }))
  const bucket = await startBucketServer({ port: 0, dataDir, durability: 'process' })
  closers.push(() => bucket.close())
  for (const name of options.buckets) await bucket.createBucket(name)
  const indexes = { declared: options.indexes, onMissing: 'refuse' } as const
  const documents = await startDocumentServer({ port: 0, dataDir: null, indexes })
  closers.push(() => documents.close())
  const tasks = await startTaskServer({ port: 0, dataDir: null, identity: await openIdentity({ dataDir: null }) })
  closers.push(() => tasks.close())
  const env = localEnvironment({
    bucketUrl: bucket.url,
    documentsHost: documents.host,
    civitaiUrl: 'http://127.0.0.1:1',
    huggingfaceUrl: 'http://127.0.0.1:1',
    fileHostUrl: 'http://127.0.0.1:1',
    tasksUrl: tasks.url,
    jwksUrl: tasks.jwksUrl,
    serviceUrl: await serve((_request, response) => response.end('ok')),
  })
  return { env, bucket, documents }
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function look(given: Record<string, string>, more: Partial<Parameters<typeof examine>[0]> = {}): Promise<Finding[]> {
  Object.assign(process.env, given)
  return examine({
    env: given,
    serviceUrls: { 'image-worker': given.SERVICE_URL ?? '' },
    apis: googleApis,
    accessToken: async () => null,
    signal: new AbortController().signal,
    onFinding: () => undefined,
    ...more,
  })
}

function wrong(findings: readonly Finding[]): [check: string, mend: string | null][] {
  return findings.filter(({ status }) => status === 'failed').map(({ check, mend }) => [check, mend])
}

test('finds nothing to mend where everything is there, and exits with 0', async () => {
  const run = await forgeHere(['doctor', '--json'], env)
  expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' })
  const records = run.records()
  expect(records.at(-1)).toEqual({ type: 'doctor', isWell: true, failures: 0 })
  expect(records.filter(({ status }) => status === 'failed')).toEqual([])
  expect(records.filter(({ status }) => status === 'ok').map(({ check }) => check)).toEqual([
    'Node',
    'configuration',
    'credentials',
    'Firestore (default)',
    'indexes',
    `bucket ${localBuckets.app}`,
    `bucket ${localBuckets.work}`,
    `bucket ${localBuckets.models}`,
    'task queue wake',
    'service at SERVICE_URL',
  ])
})

test('names an index, a bucket, a queue and a service that are gone, each with the command that mends it, and exits with 1', async () => {
  const [gone, ...rest] = declared
  const broken = {
    ...(await startCloud({ indexes: rest, buckets: [localBuckets.app, localBuckets.models] })).env,
    TASKS_BASE_URL: 'http://127.0.0.1:1',
    SERVICE_URL: 'http://127.0.0.1:1',
  }
  const run = await forgeHere(['doctor', '--json'], broken)
  expect(run.exitCode).toBe(1)
  const records = run.records() as unknown as (Finding & { type: string })[]
  expect(records.at(-1)).toEqual({ type: 'doctor', isWell: false, failures: 4 })
  expect(wrong(records)).toEqual([
    [
      expect.stringMatching(`^index ${gone?.collectionId} `),
      expect.stringMatching(
        `^gcloud firestore indexes composite create --collection-group=${gone?.collectionId} --field-config=field-path=\\w+,order=ascending `,
      ),
    ],
    [`bucket ${localBuckets.work}`, 'npm run dev'],
    ['task queue wake', 'npm run dev'],
    ['service at SERVICE_URL', 'npm run dev'],
  ])
  const text = await forgeHere(['doctor'], broken)
  expect(text.exitCode).toBe(1)
  expect(text.stdout).toMatch(/^✗ bucket charaforge-local-work: There is no bucket .*\n {4}npm run dev$/m)
  expect(text.stdout).toMatch(/\n4 to mend: /)
})

test('names the role of somebody who may not read the database, or not list a bucket', async () => {
  const denied = { kind: 'status', code: 'PERMISSION_DENIED' } as const
  servers.documents.faults.inject({ fault: denied, times: 1, endpoint: 'BatchGetDocuments' })
  servers.bucket.faults.inject({ fault: { kind: 'status', status: 403 }, times: 1, endpoint: 'list' })
  expect(wrong(await look(env))).toEqual([
    [
      'Firestore (default)',
      expect.stringMatching(/^gcloud projects add-iam-policy-binding .*--role=roles\/datastore\.user$/),
    ],
    [
      expect.stringMatching(/^bucket /),
      expect.stringMatching(
        /^gcloud storage buckets add-iam-policy-binding gs:\/\/.*--role=roles\/storage\.objectUser$/,
      ),
    ],
  ])
})

test('every other command sends whoever may not read there to the doctor', async () => {
  const denied = { kind: 'status', code: 'PERMISSION_DENIED' } as const
  servers.documents.faults.inject({ fault: denied, times: 1, endpoint: 'BatchGetDocuments' })
  const answer = await forgeHere(['jobs', 'show', 'somebodys', '--json'], env)
  expect(answer.exitCode).toBe(1)
  const message = expect.stringMatching(/^You may not do that in Firestore: "forge doctor" /)
  expect(answer.records()).toEqual([{ type: 'error', code: 'documents.permission-denied', message }])
})

test('says who is missing where neither database nor buckets answer, and still looks at the rest', async () => {
  const gone = { FIRESTORE_EMULATOR_HOST: '127.0.0.1:1', STORAGE_EMULATOR_HOST: 'http://127.0.0.1:1' }
  const findings = await look({ ...env, ...gone })
  expect(wrong(findings)).toEqual([
    ['Firestore', 'npm run dev'],
    ['buckets', 'npm run dev'],
  ])
  expect(findings.find(({ check }) => check === 'task queue wake')).toMatchObject({ status: 'ok' })
})

test('tells every variable that is missing, and looks no further', async () => {
  const run = await forgeHere(['doctor', '--json'], { XDG_CONFIG_HOME: '/nonexistent' })
  expect(run.exitCode).toBe(1)
  const [bad] = run.records().filter(({ status }) => status === 'failed')
  expect(bad).toMatchObject({
    check: 'configuration',
    message: expect.stringMatching(/GOOGLE_CLOUD_PROJECT.*STORAGE_BUCKET/),
  })
})

test('sends somebody who is not signed in to sign in', async () => {
  const { FIRESTORE_EMULATOR_HOST: _host, STORAGE_EMULATOR_HOST: _url, ...given } = env
  const findings = await look(given, { accessToken: () => Promise.reject(new Error('no default credentials')) })
  expect(wrong(findings)).toEqual([['credentials', 'gcloud auth application-default login']])
})

test('shows nothing of a service account key that is none', async () => {
  const findings = await look({ ...env, FIREBASE_SERVICE_ACCOUNT_KEY: '{"private_key":"c2VjcmV0"}' })
  expect(wrong(findings)).toMatchObject([['configuration', expect.any(String)]])
  expect(JSON.stringify(findings)).toContain('FIREBASE_SERVICE_ACCOUNT_KEY')
  expect(JSON.stringify(findings)).not.toContain('c2VjcmV0')
})

test('knows which Node can run the project', () => {
  expect(checkNode('24.1.0').status).toBe('ok')
  expect(checkNode('22.18.0').status).toBe('ok')
  expect(checkNode('20.20.2')).toMatchObject({ status: 'failed', mend: 'npm ci' })
})

describe('in a project', () => {
  const answers = new Map<string, { status: number; json: unknown }>()
  let examined: Examined

  beforeAll(async () => {
    const google = await serve((request, response) => {
      const { status, json } = answers.get((request.url ?? '').split('?')[0] ?? '') ?? { status: 404, json: {} }
      const isSignedIn = request.headers.authorization === 'Bearer mine'
      response.writeHead(isSignedIn ? status : 401).end(JSON.stringify(json))
    })
    const queue = 'projects/p/locations/us-east1/queues/image-worker'
    const given = { GOOGLE_CLOUD_PROJECT: 'p', STORAGE_BUCKET: 'app', TASKS_QUEUE: queue, TASKS_BASE_URL: google }
    examined = {
      config: loadConfig('forge', {
        ...given,
        SERVICE_URL: google,
        TASKS_SERVICE_ACCOUNT: 'tasks@p.iam.gserviceaccount.com',
      }),
      isLocal: false,
      accessToken: async () => 'mine',
      apis: { run: google, secretManager: google },
      signal: new AbortController().signal,
    }
  })
  beforeEach(() => answers.clear())

  test('the secrets are those that infra/ declares', () => {
    const names = secretNames().map(({ name, variable }) => [name, variable])
    expect(names.toSorted()).toEqual(
      readProject()
        .secrets.map(({ name, variable }) => [name, variable])
        .sort(),
    )
  })

  test('a secret that is missing fails, one without a value is worth a note', async () => {
    for (const { name } of secretNames()) {
      answers.set(`/v1/projects/p/secrets/${name}/versions`, { status: 200, json: { versions: [{}] } })
    }
    answers.delete('/v1/projects/p/secrets/hf-token/versions')
    answers.set('/v1/projects/p/secrets/civitai-api-key/versions', { status: 200, json: {} })
    const findings = await checkSecrets(examined)
    expect(wrong(findings)).toEqual([['secret hf-token', 'deploy/setup.sh']])
    expect(findings.find(({ status }) => status === 'note')).toMatchObject({
      check: 'secret civitai-api-key',
      mend: 'gcloud secrets versions add civitai-api-key --data-file=- --project=p',
    })
  })

  test('a service that is not deployed, or not ready, is named with its own command', async () => {
    const place = '/v2/projects/p/locations/us-east1/services'
    const ready = { terminalCondition: { state: 'CONDITION_SUCCEEDED' } }
    answers.set(`${place}/image-worker`, { status: 200, json: ready })
    const failing = { terminalCondition: { state: 'CONDITION_FAILED', message: 'The image is gone' } }
    answers.set(`${place}/model-sync`, { status: 200, json: failing })
    answers.set(`${place}/api`, { status: 200, json: { ...ready, uri: 'http://127.0.0.1:1' } })
    expect(wrong(await checkServices(examined, {}))).toEqual([
      ['service model-sync', 'gcloud run services logs read model-sync --region=us-east1 --project=p'],
      ['service replicate-webhook', 'deploy/deploy.sh replicate-webhook'],
      ['service api', 'gcloud run services logs read api --region=us-east1 --project=p'],
    ])
  })

  test.each([
    { status: 200, json: { state: 'PAUSED' }, mend: 'gcloud tasks queues resume image-worker --location=us-east1' },
    { status: 404, json: {}, mend: 'deploy/setup.sh' },
    { status: 403, json: {}, mend: expect.stringContaining('roles/cloudtasks.enqueuer') },
    { status: 200, json: { state: 'RUNNING' }, mend: null },
  ])('a queue that answers $status $json is mended by $mend', async ({ mend, ...answer }) => {
    answers.set(`/v2/${examined.config.TASKS_QUEUE}`, answer)
    expect((await checkQueue(examined)).mend).toEqual(mend)
  })
})
