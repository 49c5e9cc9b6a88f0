import { readFileSync } from 'node:fs'
import { howMany } from '../support/how-many.ts'
import { seededRandom } from '../support/seeded-random.ts'
import type { Resource } from './fake-format.ts'
import type { Call, FakeProject } from './fake-project.ts'
import type { Snapshot } from './fake-store.ts'
import { needOf, refusalOf } from './refusals.ts'
import { type DeployWorld, startDeployWorld } from './run-script.ts'
import { stateOf } from './state.ts'

const seed = Number(process.env.SEED ?? Date.now() % 100_000)
const random = seededRandom(seed)
const settings = { BILLING_ACCOUNT: '012345-6789AB-CDEF01', BUDGET_AMOUNT: '100USD', ALERT_EMAIL: 'ops@example.com' }

const scripts = [
  ['setup', []],
  ['deploy', ['--no-canary']],
] as const

type Entry = FakeProject['entries'][number]

/** A command, whatever folder its files lie in this time. */
function keyOf({ argv }: Pick<Call, 'argv'>): string {
  return argv.map((word) => word.replace(/\/\S*\/(?=[^/]+\.(?:yaml|json|tgz)$)/, '')).join(' ')
}

let world: DeployWorld
/** The project before anything is done. */
let fresh: Snapshot
/** A run without a fault: where it ends, and by which commands. */
let end: {
  state: string[]
  commands: Map<string, Call>
  project: Snapshot
  entries: Entry[]
  calls: Record<'setup' | 'deploy', Call[]>
}
beforeAll(async () => {
  world = await startDeployWorld(settings)
  fresh = world.project.snapshot()
  const { project } = world
  const calls: typeof end.calls = { setup: [], deploy: [] }
  for (const [script, args] of scripts) {
    const before = project.calls.length
    expect((await world.run(script, [...args])).status).toBe(0)
    calls[script] = project.calls.slice(before)
  }
  const commands = new Map(project.calls.map((call) => [keyOf(call), call]))
  end = { state: stateOf(project), commands, project: project.snapshot(), entries: project.entries, calls }
  expect(project.changes.length).toBeGreaterThan(100)
  console.log(`SEED=${seed}: ${commands.size} commands, of which ${project.changes.length} change something`)
})
afterAll(() => world.close())
beforeEach(() => {
  world.project.restore(fresh)
  world.project.fault = () => null
})

/** Each fault is one more run of a script: a sample of them, or with FULL=1 all. */
function choose<T>(all: Iterable<T>): Set<T> {
  const rest = [...all]
  const count = howMany({ gate: 2, full: rest.length })
  return new Set(Array.from({ length: count }, () => rest.splice(Math.floor(random() * rest.length), 1)[0] as T))
}

/** Runs both scripts until they end well; after each stop `stopped` is told which command failed, and what was said. */
async function runToTheEnd(params: {
  chosen: Set<string>
  fails(call: Call): string
  stopped(failed: Call, said: string): void
}): Promise<void> {
  const failed = new Set<string>()
  let last: Call | null = null
  world.project.fault = (call) => {
    const key = keyOf(call)
    if (!params.chosen.has(key) || failed.has(key)) return null
    failed.add(key)
    last = call
    return { status: 1, stderr: params.fails(call) }
  }
  for (const [script, args] of scripts) {
    for (;;) {
      last = null
      const { status, stderr } = await world.run(script, [...args])
      if (status === 0) break
      if (last === null) throw new Error(`${script} failed by itself:\n${stderr}`)
      params.stopped(last, stderr)
    }
    // A fault that a script passes over in silence is one that nobody would learn of.
    expect(last).toBeNull()
  }
  expect([...params.chosen].filter((key) => !failed.has(key))).toEqual([])
  expect(stateOf(world.project)).toEqual(end.state)
  expect(world.project.unknown).toEqual([])
}

test(
  'a script that fails at any command says so, and the same command brings the project to the same end',
  () =>
    runToTheEnd({
      chosen: choose(end.commands.keys()),
      fails: () => 'ERROR: INTERNAL: something broke for good',
      stopped: (_, said) =>
        expect(said).toMatch(/something broke for good[\s\S]*(run the same command again|Its log:)/),
    }),
  1_800_000,
)

test(
  'a refusal at any command names the permission and the role that is missing',
  () =>
    runToTheEnd({
      chosen: choose(end.commands.keys()),
      fails: ({ what }) => refusalOf(what),
      stopped: ({ what }, said) => {
        const { permission, role } = needOf(what)
        expect(said).toContain(`You lack a right (${permission}); this role on the `)
        expect(said).toMatch(new RegExp(`has it: ${role}$`, 'm'))
      },
    }),
  1_800_000,
)

test.each([
  // Setup changes whatever it looks at; who may do that may look.
  { script: 'setup', begins: 'Without it:', isCovered: ({ isRead }: Call) => isRead },
  { script: 'deploy', begins: 'For `deploy.sh` alone', isCovered: () => false },
] as const)('the roles that docs/deploy.md lists for $script are enough', ({ script, begins, isCovered }) => {
  const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8')
  const [, list = ''] = page.split(begins)
  const listed = [...(list.split('\n\n')[0] ?? '').matchAll(/`([a-z.A-Z]+)`/g)].map(([, role]) => `roles/${role}`)
  const needed = new Set(end.calls[script].filter((call) => !isCovered(call)).map(({ what }) => needOf(what).role))
  expect(needed.size).toBeGreaterThan(8)
  const isListed = (role: string) => [role, role.replace(/\.viewer$/, '.admin')].some((one) => listed.includes(one))
  expect([...needed].filter((role) => !isListed(role))).toEqual([])
})

/** What somebody else may have made before under the same name: nothing is set as it is declared, but what cannot be changed. */
function bare(kind: string, thing: Resource): Resource {
  const kept = /^(services|secrets|artifacts docker images|firestore .*|secret values)$/.test(kind)
  if (kept) return { ...thing }
  const identity = [
    'name',
    'displayName',
    'email',
    'location',
    'topic',
    'description',
    'transport',
    'userLabels',
    'state',
  ]
  const resource = Object.fromEntries(Object.entries(thing).filter(([key]) => identity.includes(key)))
  if (kind === 'monitoring policies' || kind === 'logging metrics')
    return { ...resource, userLabels: {}, description: 'another' }
  if (kind === 'storage buckets') return { ...resource, soft_delete_policy: { retentionDurationSeconds: '604800' } }
  if (kind === 'eventarc triggers') return { ...resource, eventDataContentType: 'application/json' }
  if (kind === 'monitoring dashboards') return { ...resource, etag: 'old', labels: { mine: '' } }
  if (kind === 'run services') {
    const revision = `${thing.name}-00001`
    const traffic = [{ revisionName: revision, percent: 100 }]
    return {
      ...resource,
      metadata: { labels: {} },
      revisions: 1,
      status: { latestCreatedRevisionName: revision, latestReadyRevisionName: revision, traffic },
    }
  }
  return resource
}

function makeBare(project: FakeProject, [kind, name, thing]: Entry): void {
  project.put(kind, name, bare(kind, structuredClone(thing)))
  if (kind !== 'eventarc triggers') return
  const subscription = `eventarc-${name}-sub`
  project.put('pubsub subscriptions', subscription, { name: subscription, ackDeadlineSeconds: '10' })
}

/** All things that the scripts make. */
function ours(): Entry[] {
  return end.entries.filter(([, name]) => name !== 'demo-app')
}

test('what is there already is taken over and set as declared: all of it, for the first time', async () => {
  for (const entry of ours()) makeBare(world.project, entry)
  for (const [script, args] of scripts) {
    const { status, stderr } = await world.run(script, [...args])
    expect([script, status, status === 0 ? '' : stderr]).toEqual([script, 0, ''])
  }
  expect(stateOf(world.project)).toEqual(end.state)
})

test('what is there already is taken over and set as declared: one thing after the other', async () => {
  for (const entry of choose(ours())) {
    world.project.restore(end.project)
    makeBare(world.project, entry)
    const isDeployed = /^(run|eventarc|artifacts docker)|^pubsub subscriptions eventarc/.test(
      entry.slice(0, 2).join(' '),
    )
    const [script, args] = scripts[isDeployed ? 1 : 0]
    const { status, stderr } = await world.run(script, [...args])
    expect([entry[1], status, status === 0 ? '' : stderr]).toEqual([entry[1], 0, ''])
    expect(stateOf(world.project)).toEqual(end.state)
  }
}, 1_800_000)
