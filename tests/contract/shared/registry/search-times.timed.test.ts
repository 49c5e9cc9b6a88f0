import { setTimeout as sleep } from 'node:timers/promises'
import { createPageCache } from '#shared/registry/search/page-cache.ts'
import { EVERYTHING } from '#shared/registry/search/search-query.ts'
import { openSearchWorld, percentile, type SearchWorld } from './world.ts'

// The limiter of the HTTP client is off here: what is measured is that the hubs are asked at the same time.

let world: SearchWorld
beforeEach(async () => {
  world = await openSearchWorld()
  world.addCivitai(40)
  world.addRepos(40)
})
afterEach(() => world.close())

const HUB_MS = 200
const RUNS = 25

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

test('with both hubs answering in 200 ms a search takes at most 260 ms in the middle', async () => {
  const fault = { kind: 'delay', ms: HUB_MS } as const
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) {
    world.civitai.inject({ fault, times: 1, endpoint: 'models' })
    world.hub.inject({ fault, times: 1, endpoint: 'models' })
    const search = world.searchWith({ cache: createPageCache() })
    times.push(
      await timed(async () => {
        const { models, notes } = await search.search({ query: EVERYTHING, limit: 20 })
        expect([models.length, notes]).toEqual([20, []])
      }),
    )
  }
  const [p50, p95] = [percentile(times, 0.5), percentile(times, 0.95)]
  console.info(`a search over two hubs of ${HUB_MS} ms: p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms, of ${RUNS}`)
  expect(p50).toBeGreaterThanOrEqual(HUB_MS)
  expect(p50).toBeLessThanOrEqual(260)
})

test('with one hub hanging a search takes at most 50 ms more than its deadline', async () => {
  const deadlineMs = 500
  const times: number[] = []
  const late: number[] = []
  for (let run = 0; run < 10; run++) {
    world.civitai.inject({ fault: { kind: 'hang' }, times: 1, endpoint: 'models' })
    world.hub.inject({ fault: { kind: 'delay', ms: HUB_MS }, times: 1, endpoint: 'models' })
    const search = world.searchWith({ cache: createPageCache(), deadlineMs })
    // What a machine that stands still for a moment adds to every timer is not the search's.
    const bare = timed(() => sleep(deadlineMs))
    const took = await timed(async () => {
      const { models, notes } = await search.search({ query: EVERYTHING, limit: 20 })
      expect(models.length).toBeGreaterThan(0)
      expect(notes).toMatchObject([{ source: 'civitai', code: 'search.too-slow' }])
    })
    times.push(took)
    late.push(took - (await bare))
  }
  const [p50, latest] = [percentile(times, 0.5), Math.max(...late)]
  console.info(
    `one hub hanging, deadline ${deadlineMs} ms: p50 ${p50.toFixed(0)} ms, at most ${latest.toFixed(0)} ms behind a bare timer, of 10`,
  )
  expect(p50).toBeLessThanOrEqual(deadlineMs + 50)
  expect(latest).toBeLessThanOrEqual(50)
})
