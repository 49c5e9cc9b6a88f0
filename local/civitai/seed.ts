import { crc32 } from 'node:zlib'
import type { ModelSpec } from './catalogue.ts'
import type { CivitaiStandIn } from './server.ts'

const MIB = 1024 * 1024
/** Far enough off that nobody waits for it by accident. */
const EARLY_ACCESS_MS = 30 * 86_400_000

/** Puts some models to try things with into a local stack, under ids that stay the same. */
export function seedCivitai(standIn: Pick<CivitaiStandIn, 'addModel'>, nowMs: number): void {
  for (const model of seededModels(nowMs)) standIn.addModel(model)
}

function seededModels(nowMs: number): ModelSpec[] {
  return [
    {
      id: 1001,
      name: 'Local Storybook Style',
      versions: [
        {
          id: 2001,
          trainedWords: ['ppstorybook'],
          files: [{ id: 3001, content: { kind: 'safetensors', sizeBytes: 8 * MIB, seed: 3001, metadata: TRAINING } }],
        },
      ],
    },
    {
      id: 1002,
      name: 'Local Checkpoint',
      type: 'Checkpoint',
      versions: [
        {
          id: 2002,
          baseModel: 'SDXL 1.0',
          // Two files of one name, as the service lists them: only their ids tell them apart.
          files: [
            { id: 3002, size: 'full', fp: 'fp32', content: { kind: 'safetensors', sizeBytes: 96 * MIB, seed: 3002 } },
            { id: 3003, size: 'pruned', fp: 'fp16', content: { kind: 'safetensors', sizeBytes: 48 * MIB, seed: 3003 } },
          ],
        },
      ],
    },
    {
      id: 1003,
      name: 'Local Pickle',
      type: 'Checkpoint',
      versions: [
        {
          id: 2003,
          baseModel: 'SD 1.5',
          files: [{ id: 3004, format: 'PickleTensor', content: { kind: 'bytes', bytes: emptyPickle() } }],
        },
      ],
    },
    {
      id: 1004,
      name: 'Local Training Data',
      versions: [
        {
          id: 2004,
          files: [
            {
              id: 3005,
              type: 'Training Data',
              format: 'Other',
              content: { kind: 'bytes', bytes: zipOf('1.txt', 'a cat') },
            },
          ],
        },
      ],
    },
    {
      id: 1005,
      name: 'Local Early Access',
      versions: [{ id: 2005, earlyAccess: new Date(nowMs + EARLY_ACCESS_MS), files: [{ id: 3006 }] }],
    },
    { id: 1006, name: 'Local Archive', mode: 'Archived', versions: [{ id: 2006, files: [{ id: 3007 }] }] },
  ]
}

/** As a LoRA trainer leaves it in the header. */
const TRAINING = {
  format: 'pt',
  ss_base_model_version: 'flux1',
  ss_tag_frequency: '{"10_ppstorybook":{"ppstorybook":10}}',
}

/** Protocol 2, an empty dict: harmless, and a pickle by its first bytes. */
function emptyPickle(): Buffer {
  return Buffer.from('80027d71002e', 'hex')
}

/** A zip with one stored entry (APPNOTE 4.3: local header, central directory, end record). */
function zipOf(name: string, text: string): Buffer {
  const [nameBytes, content] = [Buffer.from(name), Buffer.from(text)]
  const common = Buffer.alloc(26)
  common.writeUInt16LE(20, 0)
  common.writeUInt32LE(crc32(content), 10)
  common.writeUInt32LE(content.byteLength, 14)
  common.writeUInt32LE(content.byteLength, 18)
  common.writeUInt16LE(nameBytes.byteLength, 22)
  const local = Buffer.concat([Buffer.from('504b0304', 'hex'), common, nameBytes, content])
  const central = Buffer.concat([Buffer.from('504b01021400', 'hex'), common, Buffer.alloc(14), nameBytes])
  const end = Buffer.alloc(22)
  end.write('504b0506', 'hex')
  end.writeUInt16LE(1, 8)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(central.byteLength, 12)
  end.writeUInt32LE(local.byteLength, 16)
  return Buffer.concat([local, central, end])
}
