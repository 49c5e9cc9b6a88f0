import { SlowConnections } from '#shared/transfer/slow-connections.ts'

class Connection {
  receivedBytes = 0
  readonly name: string
  readonly rate: (atMs: number) => number

  constructor(name: string, rate: (atMs: number) => number) {
    this.name = name
    this.rate = rate
  }
}

function observe(connections: Connection[], ms: number): string[] {
  const slow = new SlowConnections<Connection>()
  const found: string[] = []
  for (let nowMs = 0; nowMs <= ms; nowMs += 50) {
    for (const connection of connections) connection.receivedBytes += connection.rate(nowMs) * 50
    for (const { name } of slow.observe(nowMs, connections)) found.push(`${name} ${Math.round(nowMs / 1000)}s`)
  }
  return found
}

test('a connection that crawls while others fly is found, and has time to mend', () => {
  const steady = new Connection('steady', () => 100)
  const tired = new Connection('tired', (atMs) => (atMs < 10_000 ? 100 : 5))
  expect(observe([steady, tired], 35_000)).toEqual(['tired 15s', 'tired 30s'])
})

test('the last connection is compared with what was usual before', () => {
  expect(observe([new Connection('last', (atMs) => (atMs < 20_000 ? 100 : 1))], 27_000)).toEqual(['last 25s'])
})

test('slower is not slow, a pause is not either, and nothing is known at the beginning', () => {
  const half = new Connection('half', () => 40)
  const pausing = new Connection('pausing', (atMs) => (atMs > 10_000 && atMs < 13_000 ? 0 : 100))
  const late = new Connection('late', (atMs) => (atMs < 3_000 ? 0 : 100))
  expect(observe([half, pausing, late], 40_000)).toEqual([])
})
