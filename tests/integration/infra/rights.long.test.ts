import { type RecordedCloud, startRecordedCloud } from '#local/recording/recorded-cloud.ts'
import type { ApiCall } from '#local/recording/recording.ts'
import { clipdropEnvironment, deleteWhileWorking, runImage, waitForRate } from '#local/recording/run-image.ts'
import { runSync } from '#local/recording/run-sync.ts'
import { runTraining } from '#local/recording/run-training.ts'
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
let signing: Signing

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
  const { signal } = new AbortController()
  await Promise.all([
    runSync(recorded, { sizeBytes: 64 * 1024 * 1024, signal }),
    runTraining(recorded, { signal }),
    followImages(recorded),
  ])
  await recorded.reconcile()
  await recorded.settled()
}, 60_000)

afterAll(async () => {
  await recorded.close()
  await signing.close()
})

async function followImages(cloud: RecordedCloud): Promise<void> {
  const [first, second] = await Promise.all([runImage(cloud), runImage(cloud)])
  await deleteWhileWorking(cloud, first)
  await waitForRate(cloud, second)
}

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
