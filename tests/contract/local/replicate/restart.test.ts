import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTrainings, type TrainingStandIn } from '../../../support/training-stand-in.ts'

let dataDir: string
let world: TrainingStandIn

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'replicate-restart-'))
  world = await startTrainings({ dataDir })
})

afterEach(async () => {
  await world.close()
  await rm(dataDir, { recursive: true, force: true })
})

async function restart(): Promise<void> {
  await world.close()
  world = await startTrainings({ dataDir })
}

test('a training that is over, its weights and its model are there after a restart', async () => {
  const done = await world.finish((await world.train()).id)
  const { version, weights } = done.output as { version: string; weights: string }
  const download = async () =>
    Buffer.from(await (await fetch(new URL(new URL(weights).pathname, world.url))).arrayBuffer())
  const archive = await download()

  await restart()

  const { urls: _urls, ...rest } = done
  expect(await world.read(`/trainings/${done.id}`)).toMatchObject(rest)
  expect((await download()).equals(archive)).toBe(true)
  const [name, id] = version.split(':')
  expect(await world.read(`/models/${name}`)).toMatchObject({ latest_version: { id } })
  const picture = await world.send('POST', '/predictions', { version, input: { prompt: 'a photo of TOK' } })
  expect(picture.status).toBe(201)
})

test('a training that was under way goes on under its id, and is charged once', async () => {
  const photos = createServer((_request, response) => response.end('PK\x03\x04 and the photos')).listen(0, '127.0.0.1')
  await once(photos, 'listening')
  const input_images = `http://127.0.0.1:${(photos.address() as AddressInfo).port}/photos.zip`
  const training = await world.train({ input: { input_images, lora_rank: 2 } })

  await restart()

  expect(await world.read(`/trainings/${training.id}`)).toMatchObject({ status: 'starting' })
  expect((await world.read('/trainings')).results).toMatchObject([{ id: training.id }])
  expect(world.requests.some(({ charged }) => charged)).toBe(false)
  expect(await world.finish(training.id)).toMatchObject({ status: 'succeeded', error: null })
  photos.closeAllConnections()
  photos.close()
})

test('what was canceled stays canceled', async () => {
  const { id } = await world.train()
  await world.send('POST', `/trainings/${id}/cancel`)

  await restart()

  expect(await world.read(`/trainings/${id}`)).toMatchObject({ status: 'canceled' })
})
