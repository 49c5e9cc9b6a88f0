import { seededRandom } from '../support/seeded-random.ts'
import { type DeployWorld, startDeployWorld } from './run-script.ts'

/** Each is two runs of a script; FULL=1 fails at every single command. */
const sampled = 3
const seed = Number(process.env.SEED ?? Date.now() % 100_000)

/** What a project is like in the end, and which commands made it so. */
async function uninterrupted(): Promise<{ things: string[]; grants: string[]; changes: string[] }> {
  const world = await startDeployWorld()
  await world.run('setup')
  await world.run('deploy', ['--no-canary'])
  const { things, grants, changes } = world.project
  await world.close()
  return { things, grants, changes: changes.map(({ what, argv }) => `${what} ${argv.join(' ')}`) }
}

test('a script that fails at any command says so, and the same command brings the project to the same end', async () => {
  const wanted = await uninterrupted()
  expect(wanted.changes.length).toBeGreaterThan(60)
  const random = seededRandom(seed)
  const chosen = new Set(
    process.env.FULL === '1'
      ? wanted.changes.keys()
      : Array.from({ length: sampled }, () => Math.floor(random() * wanted.changes.length)),
  )
  console.log(
    `SEED=${seed}: fails at commands ${[...chosen].sort((a, b) => a - b).join(', ')} of ${wanted.changes.length}`,
  )
  const world = await startDeployWorld()
  const failed = new Set<number>()
  // Counted by the commands that came through: those that failed come again.
  let through = 0
  world.project.fault = () => {
    if (chosen.has(through) && !failed.has(through)) {
      failed.add(through)
      return { status: 1, stderr: 'ERROR: INTERNAL: something broke for good' }
    }
    through += 1
    return null
  }
  try {
    await untilDone(world, 'setup', [])
    await untilDone(world, 'deploy', ['--no-canary'])
    expect(failed).toEqual(chosen)
    expect(world.project.things).toEqual(wanted.things)
    expect(world.project.grants).toEqual(wanted.grants)
    expect(world.project.unknown).toEqual([])
  } finally {
    await world.close()
  }
}, 600_000)

async function untilDone(world: DeployWorld, script: 'setup' | 'deploy', args: string[]): Promise<void> {
  for (;;) {
    const { status, stderr } = await world.run(script, args)
    if (status === 0) return
    expect(stderr).toMatch(/something broke for good[\s\S]*(run the same command again|Its log:)/)
  }
}
