import { existsSync } from 'node:fs'
import { readMonitoring } from '../../tools/infra/monitoring.ts'
import { grantsOf, readProject } from '../../tools/infra/project.ts'
import type { Snapshot } from './fake-store.ts'
import { type DeployWorld, startDeployWorld } from './run-script.ts'

const declared = readProject()
const monitoring = readMonitoring()

describe('setup and deploy, one after the other', () => {
  let world: DeployWorld
  beforeAll(async () => {
    // What somebody has in their shell; only the settings file counts.
    Object.assign(process.env, { MODELS_BUCKET: 'from-the-shell', LOG_LEVEL: 'debug' })
    world = await startDeployWorld({ BILLING_ACCOUNT: '012345-6789AB-CDEF01', BUDGET_AMOUNT: '100USD' })
  })
  afterAll(() => world.close())

  test('setup makes everything that is declared, and says what to do next', async () => {
    const { status, stderr } = await world.run('setup')
    expect([status, status === 0 ? '' : stderr]).toEqual([0, ''])
    const { things, unknown } = world.project
    expect(unknown).toEqual([])
    for (const { id } of declared.accounts) expect(things).toContain(`iam service-accounts ${id}`)
    for (const { name } of declared.secrets) expect(things).toContain(`secrets ${name}`)
    for (const { name } of declared.queues) expect(things).toContain(`tasks queues ${name}`)
    for (const { name } of declared.schedules) expect(things).toContain(`scheduler jobs ${name}`)
    for (const api of declared.apis) expect(things).toContain(`services ${api}`)
    for (const { name } of monitoring.alerts) expect(things).toContain(`monitoring policies ${name}`)
    for (const { name } of monitoring.metrics) expect(things).toContain(`logging metrics ${name}`)
    expect(things).toContain('billing budgets charaforge')
    expect(things).toContain('storage buckets demo-proj-models')
    expect(things).toContain('pubsub subscriptions charaforge-dead-letters')
    expect(stderr).toContain('gcloud secrets versions add replicate-api-token --project=demo-proj --data-file=-')
    expect(stderr).toContain('# HF_TOKEN of model-sync and api')
    expect(stderr.trim().split('\n').at(-1)).toBe('Next: deploy/deploy.sh')
  })

  test('a second setup changes nothing', async () => {
    const before = world.project.changes.length
    expect((await world.run('setup')).status).toBe(0)
    expect(world.project.changes.slice(before)).toEqual([])
  })

  test('deploy builds by commit, deploys by digest, makes the triggers and sends a canary', async () => {
    world.project.fillSecret('replicate-api-token')
    const { status, stderr } = await world.run('deploy')
    expect([status, status === 0 ? '' : stderr]).toEqual([0, ''])
    const { things, unknown } = world.project
    expect(unknown).toEqual([])
    for (const service of declared.services) expect(things).toContain(`run services ${service}`)
    for (const { name } of declared.triggers) expect(things).toContain(`eventarc triggers ${name}`)
    expect(stderr).toContain('the canary is complete')
    expect([...world.project.files.values()].filter((text) => /from-the-shell|LOG_LEVEL/.test(text))).toEqual([])
    expect(stderr).toContain('https://api-123456789012.us-central1.run.app')
  })

  test('every subscription waits ten minutes, backs off to ten, and has dead letters', () => {
    for (const { name } of declared.triggers) {
      expect(world.project.get('pubsub subscriptions', `eventarc-${name}-sub`)).toMatchObject({
        ackDeadlineSeconds: '600',
        retryPolicy: { minimumBackoff: '10s', maximumBackoff: '600s' },
        deadLetterPolicy: {
          deadLetterTopic: 'projects/demo-proj/topics/charaforge-dead-letters',
          maxDeliveryAttempts: '100',
        },
      })
    }
  })

  test('what is granted is what is declared, no more and no less', () => {
    const members: Record<string, string> = {
      'storage-agent': 'serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com',
      'pubsub-agent': 'serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com',
      allUsers: 'allUsers',
    }
    const resources: Record<string, string> = {
      project: 'demo-proj',
      repository: 'charaforge',
      'bucket:${APP_BUCKET}': 'gs://demo-app',
      'bucket:${WORK_BUCKET}': 'gs://demo-proj-charaforge-work',
      'bucket:${MODELS_BUCKET}': 'gs://demo-proj-models',
      'bucket:${BUILD_BUCKET}': 'gs://demo-proj-charaforge-build',
    }
    const wanted = grantsOf(declared).flatMap(({ member, role, on }) => {
      const who = members[member] ?? `serviceAccount:${member}@demo-proj.iam.gserviceaccount.com`
      const where =
        on === 'subscriptions'
          ? declared.triggers.map(({ name }) => `eventarc-${name}-sub`)
          : [resources[on] ?? on.replace(/^account:(.*)$/, '$1@demo-proj.iam.gserviceaccount.com').replace(/^\w+:/, '')]
      return where.map((resource) => `${role} ${who} ${resource}`)
    })
    expect(world.project.grants).toEqual(wanted.sort())
  })

  test('the app’s bucket and database are never changed', () => {
    const touched = world.project.changes.filter(
      ({ what }) =>
        /gs:\/\/demo-app|firestore databases/.test(what) && !/add-iam-policy-binding|storage cp|storage rm/.test(what),
    )
    expect(touched).toEqual([])
    for (const { what } of world.project.changes.filter((change) => /storage rm/.test(change.what))) {
      expect(what).toMatch(/gs:\/\/demo-app\/(raw-uploads|showcase-images)\/charaforge-canary\//)
    }
  })

  test('a second deploy changes nothing; only a canary goes through', async () => {
    const before = world.project.changes.length
    const { status, stderr } = await world.run('deploy')
    expect(status).toBe(0)
    expect(stderr).toContain('api is deployed like this already')
    const changes = world.project.changes.slice(before).map(({ what }) => what.split(' ').slice(0, 2).join(' '))
    expect(changes).toEqual(['storage cp', 'storage rm'])
  })

  test('a new value of a secret is deployed, and the traffic moved when it is ready', async () => {
    world.project.fillSecret('hf-token')
    const before = world.project.changes.length
    expect((await world.run('deploy', ['--no-canary'])).status).toBe(0)
    const changes = world.project.changes.slice(before).map(({ what }) => what.replace(/\/.*\//, ''))
    expect(changes).toEqual([
      'run services replace model-sync.yaml',
      'run services replace api.yaml',
      'run services update-traffic model-sync',
      'run services update-traffic api',
    ])
  })

  test('the doctor finds nothing to mend, and says which secrets have no value', async () => {
    const before = world.project.changes.length
    const { status, stdout, stderr } = await world.run('doctor')
    expect([status, stdout.split('\n').filter((line) => line.startsWith('+ '))]).toEqual([0, []])
    expect(stdout).toContain('note: civitai-api-key has no value')
    expect(stdout).not.toContain('note: replicate-api-token has no value')
    expect(stderr).toContain('The project is as infra/ declares it.')
    expect(world.project.changes.length).toBe(before)
  })

  test('a canary that does not come through takes the traffic back', async () => {
    world.project.canary = ['failed']
    world.project.fillSecret('clipdrop-api-key')
    const before = world.project.changes.length
    const { status, stderr } = await world.run('deploy', ['image-worker'])
    expect(status).toBe(1)
    expect(stderr).toContain('The canary did not come through')
    const moves = world.project.changes.slice(before).filter(({ what }) => what.includes('update-traffic'))
    expect(moves.at(-1)?.argv).toContain('--to-revisions=image-worker-00001=100')
  })

  test('destroy asks, and an answer that is not the project leaves everything', async () => {
    const before = world.project.changes.length
    const { status, stderr } = await world.run('destroy', [], 'yes\n')
    expect(status).toBe(1)
    expect(stderr).toContain('nothing was removed')
    expect(world.project.changes.length).toBe(before)
  })

  test('destroy removes what was made and keeps the data', async () => {
    const { status, stderr } = await world.run('destroy', [], 'demo-proj\n')
    expect([status, status === 0 ? '' : stderr]).toEqual([0, ''])
    // What stays names nobody who is gone; Cloud Storage's own account may serve others too.
    expect(world.project.grants.filter((grant) => / (demo-proj|gs:\/\/\S+)$/.test(grant))).toEqual([
      'roles/pubsub.publisher serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com demo-proj',
    ])
    const left = world.project.things.filter((thing) => !/^(services|secret|firestore|artifacts docker)/.test(thing))
    expect(left).toEqual([
      'storage buckets demo-app',
      'storage buckets demo-proj-charaforge-build',
      'storage buckets demo-proj-charaforge-work',
      'storage buckets demo-proj-models',
    ])
    expect((await world.run('destroy', ['--yes', '--with-data'])).status).toBe(0)
    expect(world.project.things.filter((thing) => /^(secrets|storage)/.test(thing))).toEqual([
      'storage buckets demo-app',
    ])
  })
})

describe('before anything is there', () => {
  let world: DeployWorld
  let fresh: Snapshot
  beforeAll(async () => {
    world = await startDeployWorld()
    fresh = world.project.snapshot()
  })
  afterAll(() => world.close())
  beforeEach(() => {
    world.project.restore(fresh)
    world.project.calls.length = 0
    world.project.blind = false
    world.project.fault = () => null
  })

  test('a dry run prints the commands and changes nothing', async () => {
    const { status, stdout } = await world.run('setup', ['--dry-run'])
    expect(status).toBe(0)
    expect(world.project.changes).toEqual([])
    expect(stdout).toContain('+ gcloud iam service-accounts create charaforge-api')
    // Each is good in a shell whose gcloud is set to another project, and the files that they name are there.
    const lines = stdout.split('\n').filter(Boolean)
    expect(lines.filter((line) => !/^\+ gcloud .* --project=demo-proj$/.test(line))).toEqual([])
    const files = lines.flatMap((line) => /-file=(\S+)/.exec(line)?.[1] ?? [])
    expect(files.length).toBeGreaterThan(10)
    expect(files.filter((file) => !existsSync(file))).toEqual([])
  })

  test('what somebody else makes in the same moment is taken as made', async () => {
    expect((await world.run('setup')).status).toBe(0)
    world.project.blind = true
    const { status, stderr } = await world.run('setup')
    expect(status).toBe(0)
    expect(stderr).toContain('is there already')
  })

  test('every command may fail once while rights spread', async () => {
    const failed = new Set<string>()
    world.project.fault = ({ what, isRead }) => {
      if (isRead || failed.has(what)) return null
      failed.add(what)
      return { status: 1, stderr: 'ERROR: Service account charaforge-api does not exist.' }
    }
    expect((await world.run('setup')).status).toBe(0)
    expect(failed.size).toBeGreaterThan(40)
  })

  test('the doctor says the command for everything that is missing, and changes nothing', async () => {
    const { status, stdout } = await world.run('doctor')
    expect(status).toBe(1)
    expect(stdout).toContain('+ gcloud iam service-accounts create charaforge-api')
    expect(stdout).toContain('+ deploy/deploy.sh image-worker')
    expect(world.project.changes).toEqual([])
  })

  test('an unknown service, flag or settings file is told at once', async () => {
    expect((await world.run('deploy', ['nothing'])).stderr).toContain('There is no service nothing')
    expect((await world.run('setup', ['--force'])).status).toBe(2)
    expect((await world.run('setup', ['--config', '/nowhere'])).stderr).toContain('There is no /nowhere')
    expect(world.project.changes).toEqual([])
  })

  test.each([
    [
      'a bucket of ours that is the app’s',
      { MODELS_BUCKET: 'demo-app' },
      'MODELS_BUCKET and APP_BUCKET are the same bucket',
    ],
    [
      'two buckets in one',
      { WORK_BUCKET: 'demo-a', BUILD_BUCKET: 'demo-a' },
      'BUILD_BUCKET and WORK_BUCKET are the same bucket',
    ],
    ['a bucket’s address', { APP_BUCKET: 'gs://demo-app' }, 'APP_BUCKET=gs://demo-app is not the name of a bucket'],
    ['a value in quotes', { APP_URL: '"https://app.example"' }, 'write the value of APP_URL without quotes'],
    ['half a budget', { BUDGET_AMOUNT: '100USD' }, 'a budget takes BILLING_ACCOUNT and BUDGET_AMOUNT'],
    [
      'a budget in cents',
      { BILLING_ACCOUNT: '012345-6789AB-CDEF01', BUDGET_AMOUNT: '9.50USD' },
      'a budget takes BILLING_ACCOUNT and BUDGET_AMOUNT, a whole amount',
    ],
    ['a setting that nobody reads', { CACHE_MAX_BYTE: '5' }, 'There is no setting CACHE_MAX_BYTE'],
    ['a secret', { HF_TOKEN: 'hf_x' }, 'HF_TOKEN is a secret and does not belong in the settings; give it to hf-token'],
    [
      'a variable that the scripts fill in',
      { SERVICE_URL: 'https://x' },
      'SERVICE_URL is filled in from other settings',
    ],
  ])('%s in the settings is refused before anything is done', async (_what, settings, says) => {
    await world.configure(settings)
    const { status, stderr } = await world.run('setup')
    expect([status, stderr]).toEqual([1, expect.stringContaining(says)])
    expect(world.project.changes).toEqual([])
  })
})
