import { bytesAgain, type TransferCase } from './case.ts'

/** Slow enough that little has left but not arrived when a connection breaks; all of that comes again. */
const steady = { shape: { bytesPerSecondPerConnection: 2_000_000 } }

/** A body that breaks off, on this side or that of its end. */
export const bodyCases: TransferCase[] = [
  ...(['truncated', 'reset', 'stall'] as const).flatMap((kind): TransferCase[] => [
    {
      name: `${kind} in the middle: it goes on at the next byte`,
      ...steady,
      faults: [{ fault: { kind, atByte: 400_000 } }],
      outcome: 'synced',
      proof: (seen) => expect(bytesAgain(seen)).toBeLessThan(300_000),
    },
    {
      name: `${kind} before the first byte`,
      faults: [{ fault: { kind, atByte: 0 } }],
      outcome: 'synced',
    },
  ]),
  {
    name: 'a location that expires in the middle: a new one, and on at the next byte',
    ...steady,
    faults: [{ fault: { kind: 'expire', atByte: 400_000 } }],
    outcome: 'synced',
    proof(seen) {
      expect(seen.locations).toBe(2)
      expect(bytesAgain(seen)).toBeLessThan(300_000)
    },
  },
  {
    name: 'a location of Hugging Face that expires in the middle',
    source: 'huggingface',
    faults: [{ fault: { kind: 'expire', atByte: 400_000 } }],
    outcome: 'synced',
    proof: ({ locations }) => expect(locations).toBe(2),
  },
  {
    name: 'no length and an early end, by a host with ranges',
    faults: [{ fault: { kind: 'no-content-length', atByte: 400_000 } }],
    outcome: 'synced',
  },
  {
    name: 'no length and an early end, by a host without ranges: the size that the hub told is missed',
    shape: { ranges: false },
    faults: [{ fault: { kind: 'no-content-length', atByte: 400_000 } }],
    outcome: 'synced',
  },
  {
    name: 'no length and an early end each time, by a host without ranges',
    shape: { ranges: false },
    faults: [{ fault: { kind: 'no-content-length', atByte: 400_000 } }],
    isLasting: true,
    outcome: 'transfer.size-mismatch',
  },
  {
    name: 'no length at an address that nobody knows a thing of',
    source: 'url',
    shape: { ranges: false },
    faults: [{ fault: { kind: 'no-content-length' } }],
    isLasting: true,
    outcome: 'transfer.length-unknown',
  },
]
