import type { Source, TransferCase } from './case.ts'

const hubs = ['civitai', 'huggingface'] as const satisfies Source[]
const pages = ['html', 'json'] as const

/** Other bytes than those that were meant. */
export const contentCases: TransferCase[] = [
  ...pages.flatMap((kind): TransferCase[] => [
    ...hubs.map(
      (source): TransferCase => ({
        name: `${kind} with 200 in place of a file of ${source}`,
        source,
        faults: [{ fault: { kind } }],
        outcome: 'transfer.not-a-file',
      }),
    ),
    {
      name: `${kind} with 200 in place of the rest`,
      faults: [{ fault: { kind: 'reset', atByte: 300_000 } }, { fault: { kind }, afterBytes: 300_000 }],
      outcome: 'synced',
      proof: ({ locations }) => expect(locations).toBe(2),
    },
  ]),
  ...hubs.flatMap((source): TransferCase[] => [
    {
      name: `one wrong byte, from ${source}: copied anew`,
      source,
      faults: [{ fault: { kind: 'corrupt', minBytes: 100 } }],
      outcome: 'synced',
    },
    {
      name: `one wrong byte each time, from ${source}`,
      source,
      faults: [{ fault: { kind: 'corrupt', minBytes: 100 } }],
      isLasting: true,
      outcome: 'transfer.hash-mismatch',
    },
  ]),
  {
    name: 'CivitAI tells another SHA-256',
    faults: [],
    told: { sha256: 'b'.repeat(64) },
    outcome: 'transfer.hash-mismatch',
  },
  {
    name: 'Hugging Face lists another SHA-256',
    source: 'huggingface',
    isListedWrong: true,
    faults: [],
    outcome: 'transfer.hash-mismatch',
  },
  { name: 'CivitAI tells one byte more', faults: [], told: { sizeBytes: 700_001 }, outcome: 'transfer.size-mismatch' },
  ...hubs.flatMap((source): TransferCase[] => [
    {
      name: `another ETag of the same bytes, from ${source}`,
      source,
      faults: [{ fault: { kind: 'reset', atByte: 300_000 } }, { fault: { kind: 'changed-etag' } }],
      outcome: 'synced',
    },
    {
      name: `other bytes under another ETag, from ${source}, whose SHA-256 is known`,
      source,
      faults: [{ fault: { kind: 'reset', atByte: 300_000 } }, { fault: { kind: 'changed-etag', newBytes: true } }],
      outcome: 'model.bad-safetensors',
    },
  ]),
  {
    name: 'another ETag of the same bytes, whose SHA-256 nobody knows: copied anew',
    told: { sha256: null },
    faults: [{ fault: { kind: 'reset', atByte: 300_000 } }, { fault: { kind: 'changed-etag' } }],
    outcome: 'synced',
  },
  {
    name: 'other bytes under another ETag, whose SHA-256 nobody knows: the new ones are judged',
    told: { sha256: null },
    faults: [{ fault: { kind: 'reset', atByte: 300_000 } }, { fault: { kind: 'changed-etag', newBytes: true } }],
    outcome: 'model.bad-safetensors',
  },
]
