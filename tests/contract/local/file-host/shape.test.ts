import { type FileHost, type HostedFile, startFileHost } from '#local/file-host/server.ts'

const SIZE_BYTES = 100_000

let host: FileHost
let file: HostedFile
beforeEach(async () => {
  host = await startFileHost()
  file = host.add({ content: { kind: 'random', sizeBytes: SIZE_BYTES, seed: 5 } })
})
afterEach(() => host.close())

/** Milliseconds that so many reads at once take. */
async function msOf(lanes: number): Promise<number> {
  const startMs = performance.now()
  await Promise.all(Array.from({ length: lanes }, async () => (await fetch(host.locationOf(file))).arrayBuffer()))
  return performance.now() - startMs
}

test('a cap holds for each connection by itself', async () => {
  host.shape({ bytesPerSecondPerConnection: 500_000 })
  const [one, four] = [await msOf(1), await msOf(4)]
  expect(one).toBeGreaterThan(150)
  expect(four).toBeGreaterThan(150)
  // Shared, it would be 800 ms.
  expect(four).toBeLessThan(600)
  host.shape({})
  expect(await msOf(4)).toBeLessThan(one)
})

test('beyond a number of lanes everybody shares one slow line, and no longer than that', async () => {
  // The cap of each connection keeps four of them open at once: without it the first is over before the last comes.
  host.shape({ bytesPerSecondPerConnection: 1_000_000, slowBeyond: { lanes: 2, bytesPerSecond: 1_000_000 } })
  const [two, four, twoAgain] = [await msOf(2), await msOf(4), await msOf(2)]
  expect(four).toBeGreaterThan(250)
  expect(two).toBeLessThan(four)
  expect(twoAgain).toBeLessThan(four)
})

test('beyond a number of connections everybody else is refused', async () => {
  host.shape({ maxConnections: 2, bytesPerSecondPerConnection: 500_000 })
  const responses = [await fetch(host.locationOf(file)), await fetch(host.locationOf(file))]
  expect((await fetch(host.locationOf(file))).status).toBe(403)
  for (const response of responses) await response.arrayBuffer()
  // One after the other is never too many.
  host.shape({ maxConnections: 1 })
  for (let index = 0; index < 20; index++) {
    const response = await fetch(host.locationOf(file))
    expect(response.status).toBe(200)
    await response.arrayBuffer()
  }
  expect(host.requests.map((request) => request.lanes).slice(0, 4)).toEqual([1, 2, 0, 1])
})

test('a host without ranges sends the whole and says nothing of ranges', async () => {
  host.shape({ ranges: false })
  const response = await fetch(host.locationOf(file), { headers: { range: 'bytes=0-0' } })
  expect([response.status, response.headers.get('accept-ranges')]).toEqual([200, null])
  expect((await response.arrayBuffer()).byteLength).toBe(SIZE_BYTES)
})
