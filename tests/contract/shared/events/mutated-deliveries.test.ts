import { UndecodableEventError } from '#shared/events/event-error.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { RECORDED, readBytes, readHeaders } from './recorded-deliveries.ts'

const DELIVERIES = [
  ...RECORDED.map((name) => [`firestore/${name}.headers.json`, `firestore/${name}.data.pb`] as const),
  ['official/StorageObjectData-complex.headers.json', 'official/StorageObjectData-complex.json'] as const,
  ['official/StorageObjectData-simple.headers.json', 'official/StorageObjectDataWorkflows.structured.json'] as const,
  ['fallback/20-update-trailing-space-id.headers.json', 'fallback/20-update-trailing-space-id.body.json'] as const,
].map(([headers, body]) => ({ headers: readHeaders(headers), body: readBytes(body) }))

/** Flips, cuts, doubles or inserts: the ways in which a body is damaged under way or on purpose. */
function mutate(body: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * (body.length + 1))
  const noise = Buffer.from(Array.from({ length: 1 + Math.floor(random() * 8) }, () => Math.floor(random() * 256)))
  switch (Math.floor(random() * 4)) {
    case 0: {
      const copy = Buffer.from(body)
      if (at < copy.length) copy[at] = Math.floor(random() * 256)
      return copy
    }
    case 1:
      return body.subarray(0, at)
    case 2:
      return Buffer.concat([body.subarray(0, at), noise, body.subarray(at)])
    default:
      return Buffer.concat([body, body.subarray(at)])
  }
}

test('a damaged delivery is an event or the typed error, never anything else', () => {
  const random = seededRandom(7)
  const seen = { event: 0, refused: 0 }
  for (let round = 0; round < 12_000; round += 1) {
    const { headers, body } = DELIVERIES[round % DELIVERIES.length]!
    let damaged = mutate(body, random)
    if (random() < 0.3) damaged = mutate(damaged, random)
    const asJson = random() < 0.1 ? { 'content-type': 'application/json' } : {}
    try {
      const event = parseCloudEvent({ headers: { ...headers, ...asJson }, body: damaged })
      expect(['object-finalized', 'document-written', 'unknown']).toContain(event.kind)
      seen.event += 1
    } catch (error) {
      if (!(error instanceof UndecodableEventError)) throw error
      seen.refused += 1
    }
  }
  expect(seen.event).toBeGreaterThan(500)
  expect(seen.refused).toBeGreaterThan(500)
})

test('damaged headers are an event or the typed error too', () => {
  const random = seededRandom(11)
  let refused = 0
  for (let round = 0; round < 3_000; round += 1) {
    const { headers, body } = DELIVERIES[round % DELIVERIES.length]!
    const names = Object.keys(headers)
    const name = names[Math.floor(random() * names.length)]!
    const value = mutate(Buffer.from(headers[name]!, 'latin1'), random).toString('latin1')
    const damaged = random() < 0.3 ? { ...headers, [name]: undefined } : { ...headers, [name]: value }
    try {
      parseCloudEvent({ headers: damaged, body })
    } catch (error) {
      if (!(error instanceof UndecodableEventError)) throw error
      refused += 1
    }
  }
  expect(refused).toBeGreaterThan(50)
})
