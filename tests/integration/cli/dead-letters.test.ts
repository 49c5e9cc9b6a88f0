import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { localBuckets } from '#local/environment.ts'
import { forgeHere } from '../../support/forge.ts'
import { type ModelCloud, startModelCloud } from '../../support/model-cloud.ts'

interface Letter {
  id: string
  attributes: Record<string, string>
  data: string
}

/** As much of Pub/Sub as pulls, acknowledges and gives back letters. */
async function startPubsub(letters: Letter[]) {
  const hidden = new Set<string>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { maxMessages?: number; ackIds?: string[] }
      const url = request.url ?? ''
      if (!url.includes('/subscriptions/charaforge-dead-letters:')) {
        response.writeHead(404).end('{"error":{"message":"Resource not found"}}')
        return
      }
      if (url.endsWith(':pull')) {
        const given = letters.filter(({ id }) => !hidden.has(id)).slice(0, Math.min(2, body.maxMessages ?? 0))
        for (const { id } of given) hidden.add(id)
        const receivedMessages = given.map(({ id, attributes, data }) => ({
          ackId: `ack-${id}`,
          message: { messageId: id, publishTime: '2026-01-31T12:00:00Z', attributes, data },
        }))
        response.end(JSON.stringify(receivedMessages.length > 0 ? { receivedMessages } : {}))
        return
      }
      for (const ackId of body.ackIds ?? []) {
        const id = ackId.slice('ack-'.length)
        if (url.endsWith(':modifyAckDeadline')) hidden.delete(id)
        else
          letters.splice(
            letters.findIndex((letter) => letter.id === id),
            1,
          )
      }
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hidden,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

/** An upload's event, as Eventarc leaves it in a dead letter. */
function upload(id: string, name: string): Letter {
  const data = { bucket: localBuckets.app, name, generation: '17', timeCreated: '2026-01-31T12:00:00Z' }
  return {
    id,
    attributes: {
      'ce-id': id,
      'ce-source': `//storage.googleapis.com/projects/_/buckets/${localBuckets.app}`,
      'ce-specversion': '1.0',
      'ce-type': 'google.cloud.storage.object.v1.finalized',
      'ce-subject': `objects/${name}`,
      'ce-time': '2026-01-31T12:00:00Z',
      'content-type': 'application/json',
    },
    data: Buffer.from(JSON.stringify(data)).toString('base64'),
  }
}

let world: ModelCloud
beforeAll(async () => {
  world = await startModelCloud({ service: false })
})
afterAll(() => world.close())

test('letters are listed and stay; a replay asks for their jobs once, and keeps what cannot be read', async () => {
  const letters = [
    upload('1', 'raw-uploads/ann/c1/a.png'),
    upload('2', 'elsewhere/a.png'),
    { id: '3', attributes: {}, data: Buffer.from('rubbish').toString('base64') },
    upload('4', 'raw-uploads/ann/c2/b.png'),
    // The same event twice is one job.
    { ...upload('5', 'raw-uploads/ann/c1/a.png') },
  ]
  const pubsub = await startPubsub(letters)
  const env = { ...world.env, PUBSUB_EMULATOR_HOST: pubsub.host }
  try {
    const listed = await forgeHere(['dead-letters', 'list', '--json'], env)
    expect(listed.records().map(({ messageId }) => messageId)).toEqual(['1', '2', '3', '4', '5'])
    expect([letters.length, pubsub.hidden.size]).toEqual([5, 0])

    const replayed = await forgeHere(['dead-letters', 'replay', '--json'], env)
    expect(replayed.exitCode).toBe(1)
    expect(replayed.records().map(({ outcome }) => outcome)).toEqual([
      'asked-for',
      'not-needed',
      'unreadable',
      'asked-for',
      'asked-for',
    ])
    expect(letters.map(({ id }) => id)).toEqual(['3'])
    const { docs } = await world.db.collection('jobs').get()
    expect(docs.map((found) => found.get('subject')).sort()).toEqual(['characters/c1', 'characters/c2'])
  } finally {
    await pubsub.close()
  }
})

test('no letters, no subscription and a wrong call are told', async () => {
  const pubsub = await startPubsub([])
  const env = { ...world.env, PUBSUB_EMULATOR_HOST: pubsub.host }
  try {
    expect((await forgeHere(['dead-letters', 'list'], env)).stderr).toContain('There are no dead letters.')
    const missing = await forgeHere(['dead-letters', 'list', '--subscription', 'nothing', '--json'], env)
    expect(missing.records()[0]).toMatchObject({
      code: 'forge.pubsub-refused',
      message: expect.stringContaining('deploy/setup.sh'),
    })
    expect((await forgeHere(['dead-letters', 'replay', 'all'], env)).exitCode).toBe(2)
  } finally {
    await pubsub.close()
  }
})

test('a local cloud without a Pub/Sub is told as such, and Google is not asked in its place', async () => {
  const { exitCode, stderr } = await forgeHere(['dead-letters', 'list'], world.env)
  expect(exitCode).toBe(1)
  expect(stderr).toContain('A local cloud has no Pub/Sub to keep dead letters in')
})
