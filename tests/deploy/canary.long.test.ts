import { everyNth } from '../support/how-many.ts'
import type { Resource } from './fake-format.ts'
import type { Snapshot } from './fake-store.ts'
import { type DeployWorld, type ScriptRun, startDeployWorld } from './run-script.ts'

let world: DeployWorld
/** One revision serves, and a secret has a value that the next one is given. */
let serving: Snapshot
beforeAll(async () => {
  world = await startDeployWorld()
  expect((await world.run('deploy', ['image-worker', '--no-canary'])).status).toBe(0)
  world.project.put('secrets', 'clipdrop-api-key', { name: 'clipdrop-api-key' })
  world.project.fillSecret('clipdrop-api-key')
  serving = world.project.snapshot()
})
afterAll(() => world.close())

beforeEach(() => {
  const { project } = world
  project.restore(serving)
  project.calls.length = 0
  project.curls.length = 0
  project.files.clear()
  project.canary = ['complete']
  project.showcase = { content_type: 'image/png', size: 4711 }
  project.fault = () => null
  project.unreachable = []
})

function deploy(...args: string[]): Promise<ScriptRun> {
  return world.run('deploy', ['image-worker', ...args])
}

/** How often a command was called. */
function times(start: string): number {
  return world.project.calls.filter(({ what }) => what.startsWith(start)).length
}

/** The revision that has the traffic. */
function served(): unknown {
  const { status } = world.project.get('run services', 'image-worker') as { status: { traffic: Resource[] } }
  return status.traffic.find(({ percent }) => percent === 100)?.revisionName
}

const picture = { content_type: 'image/png', size: 4711 }

const refused = [
  {
    what: 'that nobody takes up',
    shows: ['idle'],
    showcase: picture,
    says: 'the canary is lost: no event of its upload has reached image-worker',
    sent: 2,
  },
  {
    what: 'that is called complete without a picture',
    shows: ['complete'],
    showcase: null,
    says: 'the canary is called complete, but there is no picture at gs://demo-app/showcase-images/charaforge-canary/',
    sent: 1,
  },
  {
    what: 'that is worked on for too long',
    shows: ['removing-background', 'upscaling'],
    showcase: picture,
    says: 'the canary is not done in time: upscaling',
    sent: 1,
  },
  {
    what: 'that fails',
    shows: ['failed'],
    showcase: null,
    says: 'the canary has failed. clipdrop.denied: Check the key. (forge jobs show 5d0c3b1f)',
    sent: 1,
  },
  {
    what: 'that has become something else than a picture',
    shows: ['complete'],
    showcase: { content_type: 'text/html', size: 9 },
    says: 'the canary is called complete, but there is no picture at gs://demo-app/showcase-images/charaforge-canary/',
    sent: 1,
  },
]

test.each(everyNth(refused, 2))(
  'a canary $what takes the traffic back, and is removed',
  async ({ shows, showcase, says, sent }) => {
    Object.assign(world.project, { canary: shows, showcase })
    const { status, stderr } = await deploy()
    expect([status, served()]).toEqual([1, 'image-worker-00001'])
    expect(stderr).toContain(says)
    expect(stderr).toContain('The canary did not come through')
    expect(times('run services update-traffic image-worker')).toBe(2)
    expect(times('storage cp')).toBe(sent)
    expect(times('storage rm')).toBe(1)
    expect(world.project.curls.at(-1)).toMatch(/^DELETE .*\/characters\/canary-0123456789ab-\d+$/)
  },
)

test('a canary that is slow is sent once, and the new revision keeps the traffic', async () => {
  world.project.canary = ['removing-background', 'complete']
  const { status, stderr } = await deploy()
  expect([status, served(), times('storage cp')]).toEqual([0, 'image-worker-00002', 1])
  expect(stderr).toContain('the canary is complete')
})

test('a canary that cannot be sent says which role is missing, leaves the traffic and cleans up', async () => {
  world.project.unreachable = ['/documents/characters/']
  const unwritten = await deploy()
  expect([unwritten.status, served(), times('storage cp')]).toEqual([1, 'image-worker-00002', 0])
  expect(unwritten.stderr).toMatch(/has it: roles\/datastore\.user$/m)
  world.project.unreachable = []
  const denied = 'HTTPError 403: you@example.com does not have storage.objects.create access to the object.'
  const nothing = 'ERROR: (gcloud.storage.rm) The following URLs matched no objects or files:'
  world.project.fault = ({ what }) => {
    if (what.startsWith('storage cp')) return { status: 1, stderr: denied }
    return what.startsWith('storage rm') ? { status: 1, stderr: nothing } : null
  }
  const unsent = await deploy()
  expect([unsent.status, served(), world.project.curls.at(-1)?.split(' ')[0]]).toEqual([
    1,
    'image-worker-00002',
    'DELETE',
  ])
  expect(unsent.stderr).toMatch(/has it: roles\/storage\.objectAdmin$/m)
  expect(unsent.stderr).toContain('the canary could not be sent')
  expect(unsent.stderr).not.toContain('may be left')
})

test('a canary that somebody does not wait for is removed', async () => {
  const stop = new AbortController()
  world.project.canary = ['upscaling']
  world.project.fault = ({ what }) => {
    if (what.startsWith('storage cp')) stop.abort()
    return null
  }
  const { status, stderr } = await world.run('deploy', ['image-worker'], '', stop.signal)
  expect(status).not.toBe(0)
  expect([times('storage cp'), times('storage rm')]).toEqual([1, 1])
  expect(world.project.curls.at(-1)).toMatch(/^DELETE /)
  expect(stderr).toContain('the canary was called back')
})

test('where a run has moved nothing, a canary that fails takes nothing back, and how to is said', async () => {
  expect((await deploy('--no-canary')).status).toBe(0)
  world.project.canary = ['failed']
  const moved = times('run services update-traffic')
  const { status, stderr } = await deploy()
  expect([status, served(), times('run services update-traffic')]).toEqual([1, 'image-worker-00002', moved])
  expect(stderr).toContain('This run has moved no traffic')
  expect(stderr).toContain(
    'gcloud run services update-traffic image-worker --region=us-central1 --to-revisions=REVISION=100 --project=demo-proj',
  )
})

test('a revision that does not start is told at once, gets no traffic, and no canary is sent', async () => {
  const broken = "Revision 'image-worker-00002' is not ready and cannot serve traffic. The container failed to start."
  world.project.fault = ({ what }) => (what.startsWith('run services replace') ? { status: 1, stderr: broken } : null)
  const { status, stderr } = await deploy()
  expect([status, served(), times('run services replace'), times('storage cp')]).toEqual([
    1,
    'image-worker-00001',
    1,
    0,
  ])
  expect(stderr).toContain(
    'Its log: gcloud run services logs read image-worker --region=us-central1 --project=demo-proj',
  )
})

test('after a revision that did not start the next one differs from it, though nothing else has changed', async () => {
  const { project } = world
  const broken = "Revision 'image-worker-00002' is not ready and cannot serve traffic. Permission denied on secret: it"
  project.fault = ({ what }) => {
    if (!what.startsWith('run services replace')) return null
    const service = project.get('run services', 'image-worker') as { status: Resource; revisions: number }
    service.revisions = 2
    service.status.latestCreatedRevisionName = 'image-worker-00002'
    return { status: 1, stderr: broken }
  }
  expect((await deploy()).status).toBe(1)
  project.fault = () => null
  expect((await deploy()).status).toBe(0)
  const [first, second] = [...project.files].flatMap(([path, text]) =>
    path.endsWith('/image-worker.yaml') ? text : [],
  )
  expect(second?.replace('        after: image-worker-00002\n', '')).toBe(first)
  expect([served(), second === first]).toEqual(['image-worker-00003', false])
})

test('traffic that cannot be moved stays, and no canary is sent', async () => {
  world.project.fault = ({ what }) =>
    what.startsWith('run services update-traffic') ? { status: 1, stderr: 'ERROR: INTERNAL: broken' } : null
  const { status } = await deploy()
  expect([status, served(), times('storage cp')]).toEqual([1, 'image-worker-00001', 0])
})
