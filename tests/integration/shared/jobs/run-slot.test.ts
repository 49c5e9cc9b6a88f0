import type { JobRun } from '#shared/jobs/job-run.ts'
import { define, done, freshName, type Input, useRunnerWorld } from './runner-world.ts'

const world = useRunnerWorld()
const { runnerOf, stored } = world

describe('the run slot', () => {
  const slotted = (run: (run: JobRun<Input>) => Promise<void>, jobsPerHour = 20) =>
    define(run, {
      admit: async ({ input }) => ({
        kind: 'run',
        note: null,
        slot: {
          path: `slots/${input.name}`,
          order: { name: `upload-${input.order}`, timeMs: input.order ?? 0, generation: '1' },
          jobsPerHour,
        },
      }),
    })

  test('lets a newer job take over, and the older one ends at its next write', async () => {
    const entered = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const definition = slotted(async (run) => {
      if (run.input.order === 1) {
        entered.resolve()
        await release.promise
      }
      await done(run)
    })
    const { runner } = runnerOf(definition)
    const name = freshName()
    const older = runner.handle(definition, { name, order: 1 })
    await entered.promise
    expect(await runner.handle(definition, { name, order: 2 })).toEqual({ kind: 'done' })
    release.resolve()
    expect(await older).toEqual({ kind: 'canceled', code: 'job.superseded' })
  })

  test('ends an older job that comes after a newer one', async () => {
    const definition = slotted(done)
    const { runner } = runnerOf(definition)
    const name = freshName()
    expect(await runner.handle(definition, { name, order: 2 })).toEqual({ kind: 'done' })
    expect(await runner.handle(definition, { name, order: 1 })).toEqual({ kind: 'canceled', code: 'job.superseded' })
    expect((await stored(definition, { name, order: 1 })).state).toBe('canceled')
  })

  test('breaks a loop: one more job an hour than allowed fails with a sentence', async () => {
    const definition = slotted(done, 3)
    const { runner } = runnerOf(definition)
    const name = freshName()
    for (let order = 1; order <= 3; order++) {
      expect(await runner.handle(definition, { name, order })).toEqual({ kind: 'done' })
    }
    expect(await runner.handle(definition, { name, order: 4 })).toEqual({ kind: 'failed', code: 'job.too-many' })
  })
})
