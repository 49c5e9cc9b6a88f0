import type { Snapshot } from './fake-store.ts'
import { mendable, named, told } from './harm.ts'
import { refusalOf } from './refusals.ts'
import { type DeployWorld, startDeployWorld } from './run-script.ts'
import { stateOf } from './state.ts'

const settings = {
  BILLING_ACCOUNT: '012345-6789AB-CDEF01',
  BUDGET_AMOUNT: '100USD',
  ALERT_EMAIL: 'ops@example.com',
  CORS_ORIGINS: 'https://app.example,https://www.example',
}

let world: DeployWorld
let deployed: Snapshot
beforeAll(async () => {
  world = await startDeployWorld(settings)
  world.project.fillSecret('hf-token')
  await runBoth()
  deployed = world.project.snapshot()
})
afterAll(() => world.close())

async function runBoth(): Promise<void> {
  for (const [script, args] of [
    ['setup', []],
    ['deploy', ['--no-canary']],
  ] as const) {
    const { status, stderr } = await world.run(script, [...args])
    expect([script, status, status === 0 ? '' : stderr]).toEqual([script, 0, ''])
  }
}

function linesLike(stdout: string, says: string | RegExp): string[] {
  return stdout.split('\n').filter((line) => (typeof says === 'string' ? line.startsWith(says) : says.test(line)))
}

describe('what a next run sets right', () => {
  let before: string[]
  let stdout: string
  beforeAll(async () => {
    world.project.restore(deployed)
    before = stateOf(world.project)
    for (const { does } of mendable) does(world.project)
    const examined = await world.run('doctor')
    stdout = examined.stdout
    expect(examined.status).toBe(1)
  })

  test.each(mendable)('the doctor says the command for $what', ({ says }) => {
    expect(linesLike(stdout, says)).toHaveLength(1)
  })

  test('setup and deploy set all of it right by those very commands, and change nothing after that', async () => {
    const commands = stdout.split('\n').filter((line) => line.startsWith('+ ')).length
    const from = world.project.changes.length
    await runBoth()
    expect(world.project.changes.length - from).toBe(commands)
    expect(stateOf(world.project)).toEqual(before)
    const again = world.project.changes.length
    await runBoth()
    expect(world.project.changes.slice(again)).toEqual([])
  })

  test('an alert keeps the channels that somebody gave it, and the mail address follows the settings', async () => {
    const alert = named(world.project, 'monitoring policies', 'charaforge-dead-letters')
    const mine = 'projects/demo-proj/notificationChannels/77'
    Object.assign(alert, { notificationChannels: [mine], userLabels: { app: 'charaforge-backend', declared: '0' } })
    expect((await world.run('setup')).status).toBe(0)
    const channel = world.project.all('monitoring channels')[0]?.name
    expect(alert.notificationChannels).toEqual([mine, channel])
    await world.configure({ ...settings, ALERT_EMAIL: '' })
    expect((await world.run('setup')).status).toBe(0)
    expect(world.project.all('monitoring channels')).toEqual([])
  })
})

describe('what is told to a person', () => {
  let stdout: string
  let status: number | null
  let changes: number
  beforeAll(async () => {
    world.project.restore(deployed)
    await world.configure(settings)
    const before = world.project.changes.length
    for (const { does } of told) does(world.project)
    ;({ stdout, status } = await world.run('doctor'))
    changes = world.project.changes.length - before
  })

  test.each(told)('the doctor tells of $what', ({ says }) => {
    expect(linesLike(stdout, says)).toHaveLength(1)
  })

  test('nothing is changed, and something is to be mended', () => {
    expect([status, changes]).toEqual([1, 0])
  })
})

test('what the doctor may not look at is told with the missing role, and the rest is looked at all the same', async () => {
  world.project.restore(deployed)
  world.project.remove('scheduler jobs', 'reconcile-api')
  world.project.fault = ({ what }) => {
    if (what === 'tasks queues list') return { status: 1, stderr: refusalOf(what) }
    // Not every service names the permission.
    return what === 'monitoring policies list' ? { status: 1, stderr: 'ERROR: PERMISSION_DENIED: no.' } : null
  }
  const { status, stdout } = await world.run('doctor')
  expect(status).toBe(1)
  expect(linesLike(stdout, '? ')).toEqual([
    expect.stringMatching(/\(cloudtasks\.queues\.list\).*roles\/cloudtasks\.viewer$/),
    expect.stringMatching(/You lack a right; .*roles\/monitoring\.viewer$/),
  ])
  expect(linesLike(stdout, '+ gcloud scheduler jobs create http reconcile-api')).toHaveLength(1)
  expect(linesLike(stdout, '+ gcloud tasks queues create')).toEqual([])
})
