import sharp from 'sharp'
import { createClock } from '#local/clock.ts'
import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import type { ReplicateFault } from '#local/replicate/faults.ts'
import { type ReplicateStandIn, startReplicate } from '#local/replicate/server.ts'
import { startDocuments } from '../../../support/documents.ts'
import { useImageWorld } from '../../../support/image-world.ts'

// The worker as it is deployed, with both steps at Replicate and ClipDrop to fall back on.

let replicate: ReplicateStandIn
let mark = 0
beforeAll(async () => {
  replicate = await startReplicate({ runsPerMinute: null, clock: createClock(20) })
})
const world = useImageWorld(() => ({
  documents: startDocuments,
  env: {
    BACKGROUND_PROVIDERS: 'replicate,clipdrop',
    UPSCALE_PROVIDERS: 'replicate,clipdrop',
    REPLICATE_API_TOKEN: LOCAL_REPLICATE_TOKEN,
    REPLICATE_BASE_URL: `${replicate.url}/v1`,
    REPLICATE_UPSCALE_MODEL: '457f5435101937411c960ddc8e2c612e2b0eba59f435ef77d5f27e12dba55902',
    REPLICATE_UPSCALE_INPUT: '{"img":"$image","scale":"$scale"}',
  },
}))
afterAll(() => replicate?.close())
beforeEach(() => {
  mark = replicate.requests.length
})
afterEach(() => replicate.assertAllFired())

async function run() {
  const { one, resource } = await world.forge()
  await world.deliverUntilAcknowledged(resource)
  const { visuals } = await world.readCharacter(one)
  const [job] = await world.jobsOf(one)
  const created = replicate.requests.slice(mark).filter((request) => request.charged)
  return { one, visuals, job, models: created.map(({ model }) => model), atClipDrop: world.charged() }
}

test('makes a showcase with models of Replicate and notes the seconds they took', async () => {
  const { one, visuals, job, models, atClipDrop } = await run()
  expect(visuals).toMatchObject({ isShowcaseProcessed: true, showcaseProcessingStatus: 'complete' })
  expect(models).toEqual(['851-labs/background-remover', 'xinntao/realesrgan'])
  expect(atClipDrop).toEqual({ background: 0, upscale: 0 })
  expect(job?.credits.replicate).toBeGreaterThan(0)
  const published = await world.publishedPicture(one)
  expect(await sharp(published.bytes).metadata()).toMatchObject({
    format: 'png',
    width: 128,
    height: 128,
    hasAlpha: true,
  })
  expect(await world.temporaries()).toEqual([])
})

test.each<[string, ReplicateFault, number]>([
  ['a model that fails with the picture', { kind: 'failed', error: 'CUDA out of memory' }, 1],
  ['an account without credit', { kind: 'status', status: 402 }, 0],
  ['a version that is gone', { kind: 'status', status: 422 }, 0],
])('%s is not asked again: ClipDrop does the step', async (_name, fault, runs) => {
  replicate.inject({ fault, times: 1, endpoint: 'create' })
  const { visuals, models, atClipDrop } = await run()
  expect(visuals).toMatchObject({ showcaseProcessingStatus: 'complete' })
  expect(atClipDrop).toEqual({ background: 1, upscale: 0 })
  expect(models).toHaveLength(runs + 1)
})

test('a creation whose answer is lost is made once more, and a second loss ends it', async () => {
  replicate.inject({ fault: { kind: 'lost-answer' }, times: 2, endpoint: 'create' })
  const { visuals, models, atClipDrop } = await run()
  expect(visuals).toMatchObject({ showcaseProcessingStatus: 'complete' })
  expect(models).toEqual(['851-labs/background-remover', '851-labs/background-remover', 'xinntao/realesrgan'])
  expect(atClipDrop).toEqual({ background: 1, upscale: 0 })
})

test('a run is not paid again for a fault that only hits its reading', async () => {
  replicate.inject({ fault: { kind: 'cut-body' }, times: 2, endpoint: 'output' })
  const { visuals, models } = await run()
  expect(visuals).toMatchObject({ showcaseProcessingStatus: 'complete' })
  expect(models).toHaveLength(2)
})
