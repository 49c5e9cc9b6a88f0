import { TransientError } from '#shared/errors/app-error.ts'
import { maxFailures, tell, useFinishWorld } from './finish-world.ts'

const world = useFinishWorld()

describe('a run that succeeds', () => {
  test('waits twenty minutes for samples, and no longer', async () => {
    world.samples.end = 'running'
    const { id, runId } = await world.begin()
    await world.standIn.finish(runId)
    for (let look = 0; look < 3; look++) {
      await world.attempt(id)
      await world.drain()
    }
    expect((await world.job(id)).lastFailure).toBeNull()
    expect((await world.training(id)).status).toBe('completing')
    world.advance(20 * 60_000)
    await world.attempt(id)
    expect((await world.training(id)).status).toBe('succeeded')
  })

  test('may have a status on its way that nobody knows', async () => {
    const { id } = await world.begin({ fault: { kind: 'unknown-status', status: 'reticulating' } })
    expect((await world.finish(id)).status).toBe('succeeded')
  })
})

describe('weights', () => {
  test('that break off on the way are gone on with', async () => {
    const { id, runId } = await world.begin()
    await world.standIn.finish(runId)
    world.standIn.inject({ fault: { kind: 'cut-body' }, times: 2, endpoint: 'output' })
    expect((await world.finish(id)).status).toBe('succeeded')
  })

  test('are waited for through an outage of the bucket, with nothing that counts as a failure', async () => {
    const { id, runId } = await world.begin()
    await world.standIn.finish(runId)
    const { store } = world.deps
    const outage = new TransientError({ code: 'objects.unavailable', message: 'Not now.' })
    world.deps.store = new Proxy(store, {
      get(target, name) {
        if (name === 'stat') return () => Promise.reject(outage)
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    for (let attempt = 0; attempt <= maxFailures + 1; attempt++) {
      expect((await world.attempt(id)).kind).toBe('woken-later')
    }
    expect(await world.job(id)).toMatchObject({ state: 'waiting', failures: 0 })
    const fetches = world.requests('output')
    world.deps.store = store
    expect((await world.finish(id)).status).toBe('succeeded')
    // What was fetched before is not fetched again.
    expect(world.requests('output')).toBe(fetches)
  })

  test('that are gone when they are fetched end the training', async () => {
    const { id, runId } = await world.begin()
    await tell(world, await world.standIn.finish(runId))
    world.standIn.clock.advance(3_700_000)
    expect(await world.finish(id)).toMatchObject({
      status: 'failed',
      stage: 'completion',
      error: { code: 'training.output-gone' },
    })
  })
})

describe('a run that goes on', () => {
  test('is looked at again, with nothing that counts as a failure, while Replicate cannot be reached', async () => {
    const { id } = await world.begin()
    world.standIn.inject({ fault: { kind: 'status', status: 500 }, times: 12, endpoint: 'get-training' })
    for (let look = 0; look < 12; look++) expect((await world.attempt(id)).kind).toBe('woken-later')
    expect(await world.job(id)).toMatchObject({ state: 'waiting', failures: 0 })
    expect((await world.finish(id)).status).toBe('succeeded')
  })

  test('that Replicate does not know for ten minutes is given up', async () => {
    const { id } = await world.begin()
    world.standIn.inject({ fault: { kind: 'status', status: 404 }, times: 3, endpoint: 'get-training' })
    await world.attempt(id)
    world.advance(5 * 60_000)
    await world.attempt(id)
    expect((await world.training(id)).status).toBe('training')
    world.advance(6 * 60_000)
    await world.attempt(id)
    expect(await world.training(id)).toMatchObject({ status: 'failed', error: { code: 'training.run-gone' } })
  })
})
