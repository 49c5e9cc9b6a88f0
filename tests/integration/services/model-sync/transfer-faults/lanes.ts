import { mostLanes, slowLanes, type TransferCase } from './case.ts'

/** A host that is slow, or minds how many connections there are. */
export const laneCases: TransferCase[] = [
  {
    name: 'a slow lane',
    faults: [{ fault: { kind: 'slow', bytesPerSecond: 400_000 } }],
    outcome: 'synced',
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
    sizeBytes: slowLanes.sizeBytes,
    shape: { ...slowLanes.shape, slowBeyond: { lanes: 1, bytesPerSecond: 500_000 } },
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
    sizeBytes: slowLanes.sizeBytes,
    shape: { ...slowLanes.shape, maxConnections: 1 },
    faults: [],
    outcome: 'synced',
    proof: (seen) => {
      expect(mostLanes(seen)).toBe(1)
      expect(seen.host.requests.some(({ status }) => status === 403)).toBe(true)
    },
  },
]
