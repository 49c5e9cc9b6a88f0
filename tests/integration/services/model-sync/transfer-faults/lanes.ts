import { mostLanes, slowLanes, type TransferCase } from './case.ts'

/** A host that is slow, or minds how many connections there are. */
export const laneCases: TransferCase[] = [
  {
    name: 'a slow lane',
    sizeBytes: 1_500_000,
    faults: [{ fault: { kind: 'slow', bytesPerSecond: 400_000 } }],
    outcome: 'synced',
    proof: (seen) => expect(mostLanes(seen)).toBeGreaterThan(1),
  },
  {
    name: 'a cap on the speed of each connection: there are more of them',
    ...slowLanes,
    faults: [],
    outcome: 'synced',
    proof: (seen) => expect(mostLanes(seen)).toBeGreaterThan(1),
  },
  {
    name: 'a host that slows everybody down beyond one connection: there are never more than two',
    sizeBytes: 2_000_000,
    shape: { bytesPerSecondPerConnection: 1_000_000, slowBeyond: { lanes: 1, bytesPerSecond: 500_000 } },
    faults: [],
    outcome: 'synced',
    proof: (seen) => expect(mostLanes(seen)).toBe(2),
  },
  {
    name: '403 on the second lane',
    ...slowLanes,
    faults: [{ fault: { kind: 'refuse-lane' } }],
    outcome: 'synced',
    // A new location might have been all that it wanted; the next 403 says that it was not.
    proof: ({ locations }) => expect(locations).toBe(2),
  },
  {
    name: '403 on every second lane',
    sizeBytes: 2_000_000,
    shape: { bytesPerSecondPerConnection: 1_000_000, maxConnections: 1 },
    faults: [],
    outcome: 'synced',
    proof: (seen) => {
      expect(mostLanes(seen)).toBe(1)
      expect(seen.host.requests.filter(({ status }) => status === 403)).toHaveLength(2)
    },
  },
]
