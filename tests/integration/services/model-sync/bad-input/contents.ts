import type { FileSpec } from '#local/civitai/catalogue.ts'
import { safetensorsFile, safetensorsStart, tensorEntries } from '../../../../support/safetensors-file.ts'
import { zipStart } from '../../../../support/zip-start.ts'
import type { RefusedModel } from '../refused-models.ts'

const ofFile = (title: string, code: string, bytes: Buffer, file: FileSpec = {}): RefusedModel => ({
  title,
  code,
  add(world) {
    const files = [{ content: { kind: 'bytes', bytes } as const, ...file }]
    const { id, versions } = world.civitai.addModel({ versions: [{ files }] })
    return { civitaiModelId: String(id), versionId: String(versions[0]!.id) }
  },
})

/** Protocol 2, an empty dict. */
const pickle = Buffer.concat([Buffer.from('80027d71002e', 'hex'), Buffer.alloc(3_000)])
const entries = tensorEntries({ weight: ['F16', 16, 16], bias: ['F16', 16] })
const dataBytes = 16 * 16 * 2 + 16 * 2

/** A length of ten million bytes in a file of a few hundred. */
function longHeader(): Buffer {
  const bytes = safetensorsFile(entries, dataBytes)
  bytes.writeBigUInt64LE(10_000_000n)
  return bytes
}

/** Files that are not what they are called. */
export const contentRefusals: RefusedModel[] = [
  ofFile('0 bytes, at CivitAI', 'transfer.empty', Buffer.alloc(0)),
  {
    title: '0 bytes, at Hugging Face',
    code: 'transfer.empty',
    add(world, key) {
      const files = [{ path: 'lora.safetensors', content: Buffer.alloc(0) }]
      return { engine: 'huggingface', hf_id: world.huggingface.addRepo({ id: `local/${key}`, files }).id }
    },
  },
  ofFile('a header longer than its file', 'safetensors.lying-header', longHeader()),
  ofFile('tensors for more data than there is', 'safetensors.lying-header', safetensorsFile(entries, dataBytes - 2)),
  ofFile('more data than the tensors have', 'safetensors.lying-header', safetensorsFile(entries, dataBytes + 2)),
  ofFile('a header that is no JSON', 'safetensors.lying-header', safetensorsFile('{"weight": nothing}', dataBytes)),
  ofFile(
    'tensors that overlap',
    'safetensors.lying-header',
    safetensorsFile({ ...entries, bias: { ...entries.bias, data_offsets: [0, 32] } }, dataBytes),
  ),
  ofFile('only the start of a header', 'safetensors.lying-header', safetensorsStart(entries).subarray(0, 60)),
  ofFile('a pickle, said to be one', 'model.pickle', pickle, { format: 'PickleTensor' }),
  ofFile('a pickle, said to be safetensors', 'model.pickle', pickle),
  ofFile('a PyTorch file, said to be safetensors', 'model.pickle', zipStart(['model/data.pkl', 'model/data/0'])),
  ofFile('a zip', 'model.zip', zipStart(['unet/weights.npy']), { format: 'Diffusers' }),
  ofFile('a zip, said to be safetensors', 'model.zip', zipStart(['a.txt'])),
  ofFile('a picture', 'model.image', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')),
  ofFile('a text', 'model.bad-safetensors', Buffer.from('Thanks for your interest in this model.\n'.repeat(20))),
  ofFile('a web page', 'transfer.not-a-file', Buffer.from(`<!doctype html><html><body>${'Sign in. '.repeat(99)}`)),
  ofFile(
    'a pointer of LFS',
    'model.lfs-pointer',
    Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12\n`),
  ),
  {
    title: 'weights of Hugging Face that are pickles only',
    code: 'model.pickle',
    add(world, key) {
      const files = [
        { path: 'config.json', content: '{}' },
        { path: 'pytorch_model.bin', content: pickle },
      ]
      return { engine: 'huggingface', hf_id: world.huggingface.addRepo({ id: `local/${key}`, files }).id }
    },
  },
  {
    title: 'a small file with another SHA-1 than git has listed',
    code: 'transfer.hash-mismatch',
    isFolder: true,
    add(world, key) {
      const files = [
        { path: 'model.safetensors', content: safetensorsFile(entries, dataBytes) },
        { path: 'vocab.json', content: '{"a":1}', listed: { oid: 'b'.repeat(40), size: 7 } },
        { path: 'config.json', content: '{}' },
      ]
      return { engine: 'huggingface', hf_id: world.huggingface.addRepo({ id: `local/${key}`, files }).id }
    },
  },
  {
    title: 'a program among the files that were asked for',
    code: 'model.code',
    isFolder: true,
    add(world, key) {
      const files = [
        { path: 'lora.safetensors', content: safetensorsFile(entries, dataBytes) },
        { path: 'modeling.py', content: 'import os\n' },
      ]
      const { id } = world.huggingface.addRepo({ id: `local/${key}`, files })
      return { engine: 'huggingface', hf_id: id, allowPatterns: ['*'] }
    },
  },
]
