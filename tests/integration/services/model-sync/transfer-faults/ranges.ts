import { bytesAgain, mostLanes, type TransferCase } from './case.ts'

/** A host without ranges, or with wrong ones. */
export const rangeCases: TransferCase[] = [
  {
    name: 'no ranges at the first request',
    faults: [{ fault: { kind: 'no-ranges' } }],
    outcome: 'synced',
    proof: (seen) => expect({ lanes: mostLanes(seen), again: bytesAgain(seen) }).toEqual({ lanes: 1, again: 0 }),
  },
  {
    name: 'no ranges ever, and a reset in the middle: it begins anew',
    shape: { ranges: false },
    faults: [{ fault: { kind: 'reset', atByte: 400_000 } }],
    outcome: 'synced',
    proof: ({ host }) => expect(host.requests.map(({ status }) => status)).toEqual([200, 200]),
  },
  {
    name: 'no ranges ever, at an address of somebody’s',
    source: 'url',
    shape: { ranges: false },
    faults: [{ fault: { kind: 'reset', atByte: 400_000 } }],
    outcome: 'synced',
  },
  {
    name: '200 with everything to a later Range',
    faults: [
      { fault: { kind: 'reset', atByte: 300_000 } },
      { fault: { kind: 'whole-for-range' }, afterBytes: 300_000 },
    ],
    outcome: 'synced',
  },
  ...(['shifted', 'wrong-total', 'missing'] as const).flatMap((how): TransferCase[] => [
    {
      name: `a Content-Range that is ${how}, at the first request`,
      faults: [{ fault: { kind: 'wrong-content-range', how } }],
      outcome: 'synced',
    },
    {
      name: `a Content-Range that is ${how}, after a reset`,
      faults: [
        { fault: { kind: 'reset', atByte: 300_000 } },
        { fault: { kind: 'wrong-content-range', how }, afterBytes: 300_000 },
      ],
      outcome: 'synced',
    },
  ]),
]
