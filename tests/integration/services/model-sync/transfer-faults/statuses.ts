import type { TransferCase } from './case.ts'

/** A host that answers with another status than 200 and 206. */
export const statusCases: TransferCase[] = [
  ...[401, 403, 404, 410].flatMap((status): TransferCase[] => [
    {
      name: `${status} once: a new location is asked for`,
      faults: [{ fault: { kind: 'status', status } }],
      outcome: 'synced',
      proof: ({ locations }) => expect(locations).toBe(2),
    },
    {
      name: `${status} each time`,
      faults: [{ fault: { kind: 'status', status } }],
      isLasting: true,
      outcome: status < 404 ? 'transfer.denied' : 'transfer.not-found',
      proof: ({ locations }) => expect(locations).toBe(3),
    },
  ]),
  {
    name: '403 each time, at Hugging Face',
    source: 'huggingface',
    faults: [{ fault: { kind: 'status', status: 403 } }],
    isLasting: true,
    outcome: 'transfer.denied',
    proof: ({ locations }) => expect(locations).toBe(3),
  },
  ...[
    { name: 'Retry-After', head: { retryAfter: 1 } },
    { name: 'RateLimit', head: { rateLimit: '"resolvers";r=0;t=1' } },
  ].map(
    ({ name, head }): TransferCase => ({
      name: `429 with a ${name} of a second`,
      faults: [{ fault: { kind: 'status', status: 429, ...head } }],
      outcome: 'synced',
      // One part: no second connection, whose request would have a status of its own.
      sizeBytes: 200_000,
      proof: ({ host }) => expect(host.requests.map((request) => request.status)).toEqual([429, 206]),
    }),
  ),
  ...[500, 502, 503, 504].map(
    (status): TransferCase => ({
      name: `${status} once`,
      faults: [{ fault: { kind: 'status', status } }],
      outcome: 'synced',
      proof: ({ locations }) => expect(locations).toBe(1),
    }),
  ),
  {
    name: '503 each time',
    faults: [{ fault: { kind: 'status', status: 503 } }],
    isLasting: true,
    outcome: 'http.status',
  },
  {
    name: '500 once at an address of somebody’s, before anything is known of its file',
    source: 'url',
    faults: [{ fault: { kind: 'status', status: 500 } }],
    outcome: 'synced',
  },
  {
    name: '500 each time at an address of somebody’s',
    source: 'url',
    faults: [{ fault: { kind: 'status', status: 500 } }],
    isLasting: true,
    outcome: 'url.unavailable',
  },
]
