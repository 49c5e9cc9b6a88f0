import { SMALL_SYNC_BYTES } from '#local/recording/measure-runs.ts'
import type { RunQuantities, ServiceQuantities } from '#local/recording/measured-run.ts'
import { type RecordedCloud, startRecordedCloud } from '#local/recording/recorded-cloud.ts'
import type { ApiCall } from '#local/recording/recording.ts'
import { runDownload } from '#local/recording/run-download.ts'
import { clipdropEnvironment, deleteWhileWorking, runImage, waitForRate } from '#local/recording/run-image.ts'
import { runCacheJobs, runUpload } from '#local/recording/run-registry.ts'
import { runSync } from '#local/recording/run-sync.ts'
import { runTraining } from '#local/recording/run-training.ts'
import { readMeasuredRuns } from '../../../tools/costs/price-list.ts'
import { type Grant, grantsOf, readProject } from '../../../tools/infra/project.ts'
import { compareRights } from '../../support/rights/compare.ts'
import { type Signing, startSigning } from '../../support/rights/signing.ts'

// What each service asks of Google's APIs from end to end, beside what infra/project.yaml grants its account.
const project = readProject()

/** The names that infra/project.yaml has for what the local cloud calls otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  'bucket:charaforge-local-app': `bucket:\${APP_BUCKET}`,
  'bucket:charaforge-local-work': `bucket:\${WORK_BUCKET}`,
  'bucket:charaforge-local-models': `bucket:\${MODELS_BUCKET}`,
  'account:tasks': 'account:charaforge-tasks',
}

let recorded: RecordedCloud
/** What was counted of one image, one small sync and one training, before anything else was asked for. */
let counted: RunQuantities
let signing: Signing
const stop = new AbortController()

beforeAll(async () => {
  signing = await startSigning()
  recorded = await startRecordedCloud({
    extraEnv: async (service, cloud) => {
      if (service === 'image-worker') return clipdropEnvironment(cloud)
      if (service !== 'api') return {}
      await cloud.bucket.registerKey(signing.publicKey)
      return signing.env
    },
  })
  const { signal } = stop
  let firstImage: RunQuantities = {}
  const [model] = await Promise.all([
    runSync(recorded, { sizeBytes: SMALL_SYNC_BYTES, signal }),
    runTraining(recorded, { signal }),
    runImage(recorded).then(async (character) => {
      firstImage = recorded.quantities()
      await waitForRate(recorded, character)
      await deleteWhileWorking(recorded, character)
    }),
  ])
  await recorded.settled()
  counted = { ...recorded.quantities(), 'image-worker': firstImage['image-worker'] as ServiceQuantities }
  await Promise.all([runDownload(recorded, model, signal), runUpload(recorded, signal)])
  await runCacheJobs(recorded, signal)
  await recorded.reconcile()
  await recorded.settled()
}, 150_000)

afterAll(async () => {
  stop.abort()
  // Also where the beginning failed: the services are processes of their own.
  await recorded?.close()
  await signing?.close()
})

function callsOf(service: string): ApiCall[] {
  const calls = recorded
    .recordingOf(service)
    .calls()
    .map(({ call }) => call)
  const all = service === 'api' ? [...calls, ...signing.calls] : calls
  return all.map((call) => ({ ...call, on: NAMES[call.on] ?? call.on }))
}

function grantsTo(service: string): Grant[] {
  return grantsOf(project).filter(({ member }) => member === `charaforge-${service}`)
}

describe.each(project.services)('%s', (service) => {
  test('asks for nothing that its account is not granted', () => {
    const calls = callsOf(service)
    expect(calls.length).toBeGreaterThan(10)
    expect(compareRights(calls, grantsTo(service)).missing).toEqual([])
  })

  test('needs every role that it is granted, or the rights say why no recorded run shows it', () => {
    const unexplained = grantsTo(service).filter(({ unrecorded }) => unrecorded === undefined)
    expect(compareRights(callsOf(service), unexplained)).toMatchObject({ unused: [], larger: [] })
  })

  test('has no role that is excused from being seen, and is seen', () => {
    const excused = grantsTo(service).filter(({ unrecorded }) => unrecorded !== undefined)
    const { unused, larger } = compareRights(callsOf(service), excused)
    expect(unused.length + larger.length).toBe(excused.length)
  })
})

test.each([
  { run: 'image', service: 'image-worker' },
  { run: 'smallSync', service: 'model-sync' },
  { run: 'training', service: 'api' },
  { run: 'training', service: 'replicate-webhook' },
] as const)('$service takes about what docs/costs.md counts for $run', ({ run, service }) => {
  const { busySeconds: _own, ...expected } = readMeasuredRuns().runs[run].services[service] as ServiceQuantities
  const now = counted[service] as ServiceQuantities
  for (const [name, value] of Object.entries(expected)) {
    const seen = now[name as keyof ServiceQuantities]
    // Questions and renewals follow the time that it takes here; operations on buckets follow the work alone.
    const most = name.startsWith('class') ? value * 2 + 10 : value * 5 + 50
    const isAbout = seen <= most && seen >= value / 2 - 10
    expect({ name, value, seen, isAbout }).toMatchObject({ isAbout: true })
  }
})

test('a call that no role allows is named with its permission and its resource', () => {
  const grants = grantsTo('image-worker').filter(({ role }) => role !== 'roles/cloudtasks.enqueuer')
  expect(compareRights(callsOf('image-worker'), grants).missing).toEqual([
    'cloudtasks.tasks.create on queue:image-worker, for cloudtasks.tasks.create',
  ])
})

test('a role that is not needed, or larger than it has to be, is named', () => {
  const onModels = { member: 'x', role: 'roles/storage.objectUser', on: `bucket:\${MODELS_BUCKET}`, why: '' }
  const reading = { method: 'storage.objects.get', variant: null, on: onModels.on }
  expect(compareRights([], [onModels]).unused).toEqual([`roles/storage.objectUser on ${onModels.on}`])
  expect(compareRights([reading], [onModels]).larger).toEqual([
    `roles/storage.objectUser on ${onModels.on}: roles/storage.objectViewer would do`,
  ])
})
