import { FinalError } from '#shared/errors/app-error.ts'
import { checkModelStart } from '#shared/formats/check-model-start.ts'
import { fileKindOf } from '#shared/formats/file-kind.ts'
import { refusals } from '#shared/formats/model-refusals.ts'
import { safetensorsFile } from '../../../support/safetensors-file.ts'
import { zipStart } from '../../../support/zip-start.ts'

const heads = {
  safetensors: safetensorsFile({ w: { dtype: 'U8', shape: [1], data_offsets: [0, 1] } }, 1),
  gguf: Buffer.from('GGUF\x03\0\0\0'),
  onnx: Buffer.from('\x08\x07\x12\x07pytorch\x1a\x01'),
  pickle: Buffer.from('80028a0a', 'hex'),
  torchZip: zipStart(['archive/data.pkl']),
  zip: zipStart(['model_index.json']),
  gzip: Buffer.from('1f8b0800', 'hex'),
  html: Buffer.from('<!doctype html><title>Sign in</title>'),
  card: Buffer.from('<div align="center">\n\n# My model\n</div>'),
  json: Buffer.from('{"error":"Unauthorized"}'),
  xml: Buffer.from('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
  pointer: Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n'),
  png: Buffer.from('89504e470d0a1a0a', 'hex'),
  text: Buffer.from('Access denied.'),
  code: Buffer.from('import os\nos.system("id")\n'),
  sentencepiece: Buffer.from('0a0e0a053c756e6b3e1500', 'hex'),
  zeros: Buffer.alloc(100),
  empty: Buffer.alloc(0),
}
type Head = keyof typeof heads

function check(head: Head, path: string, kind: 'weights' | 'companion', allowPickle = false) {
  const bytes = heads[head]
  return checkModelStart(bytes, { path, sizeBytes: bytes.length, kind }, { allowPickle })
}

/** The code of the refusal, which is always final and has its own sentence. */
function refusal(...request: Parameters<typeof check>): string {
  try {
    check(...request)
  } catch (error) {
    if (!(error instanceof FinalError)) throw error
    expect(error.message).toBe(Object.entries(refusals).find(([code]) => code === error.code)?.[1])
    return error.code
  }
  return 'taken'
}

describe('weights', () => {
  test.each<[head: Head, path: string, outcome: string]>([
    ['safetensors', 'model.safetensors', 'taken'],
    ['safetensors', 'model.ckpt', 'taken'],
    ['gguf', 'model.Q4_K.gguf', 'taken'],
    ['onnx', 'unet/model.onnx', 'taken'],
    ['html', 'model.safetensors', 'model.html'],
    ['card', 'model.safetensors', 'model.html'],
    ['json', 'model.safetensors', 'model.json'],
    ['xml', 'model.safetensors', 'model.xml'],
    ['pointer', 'model.safetensors', 'model.lfs-pointer'],
    ['pickle', 'model.ckpt', 'model.pickle'],
    ['pickle', 'model.safetensors', 'model.pickle'],
    ['torchZip', 'model.pt', 'model.pickle'],
    ['zip', 'model.zip', 'model.zip'],
    ['zip', 'model.safetensors', 'model.zip'],
    ['gzip', 'model.tar.gz', 'model.archive'],
    ['png', 'cover.png', 'model.image'],
    ['text', 'model.safetensors', 'model.bad-safetensors'],
    ['zeros', 'model.safetensors', 'model.bad-safetensors'],
    ['gguf', 'model.safetensors', 'model.bad-safetensors'],
    ['safetensors', 'model.gguf', 'model.wrong-format'],
    ['zeros', 'model.onnx', 'model.wrong-format'],
    ['text', 'model', 'model.text'],
    ['zeros', 'model.bin', 'model.unknown-format'],
    ['empty', 'model.safetensors', 'model.empty'],
    ['empty', '', 'model.empty'],
  ])('%s in %j: %s', (head, path, outcome) => {
    expect(refusal(head, path, 'weights')).toBe(outcome)
  })

  test.each<[head: Head, path: string, outcome: string]>([
    ['pickle', 'model.ckpt', 'taken'],
    ['torchZip', 'model.pt', 'taken'],
    ['pickle', 'model.safetensors', 'model.wrong-format'],
    ['zip', 'model.ckpt', 'model.zip'],
    ['html', 'model.ckpt', 'model.html'],
  ])('where pickles are allowed, %s in %j: %s', (head, path, outcome) => {
    expect(refusal(head, path, 'weights', true)).toBe(outcome)
  })

  test.each([
    ['longer than the file', 2n ** 63n, 1000, 'safetensors.lying-header'],
    ['longer than the file', 993n, 1000, 'safetensors.lying-header'],
    ['longer than is read', 30_000_000n, 2 ** 40, 'safetensors.header-too-large'],
    ['longer than is read', 2n ** 63n, null, 'safetensors.header-too-large'],
  ])('whose header says that it is %s (%s of %s bytes): %s', (_what, length, sizeBytes, code) => {
    const head = Buffer.from(heads.safetensors)
    head.writeBigUInt64LE(length)
    expect(() =>
      checkModelStart(head, { path: 'm.safetensors', sizeBytes, kind: 'weights' }, { allowPickle: true }),
    ).toThrow(expect.objectContaining({ code, retryable: false }))
  })

  test('are returned with what they are', () => {
    expect(check('safetensors', 'model.ckpt', 'weights')).toBe('safetensors')
  })
})

describe('what lies beside weights', () => {
  test.each<[head: Head, path: string, outcome: string]>([
    ['json', 'unet/config.json', 'taken'],
    ['text', 'tokenizer/merges.txt', 'taken'],
    ['json', 'notes.txt', 'taken'],
    ['card', 'README.md', 'taken'],
    ['text', 'LICENSE', 'taken'],
    ['empty', 'notes.txt', 'taken'],
    ['png', 'images/sample.png', 'taken'],
    ['sentencepiece', 'tokenizer/spiece.model', 'taken'],
    ['text', 'tokenizer/o200k.tiktoken', 'taken'],
    ['text', 'unet/config.json', 'model.bad-companion'],
    ['empty', 'unet/config.json', 'model.bad-companion'],
    ['html', 'unet/config.json', 'model.html'],
    ['card', 'unet/config.json', 'model.html'],
    ['html', 'README.md', 'model.html'],
    ['pointer', 'tokenizer/spiece.model', 'model.lfs-pointer'],
    ['json', 'tokenizer/spiece.model', 'model.bad-companion'],
    ['xml', 'tokenizer/spiece.model', 'model.bad-companion'],
    ['zeros', 'tokenizer/merges.txt', 'model.bad-companion'],
    ['text', 'images/sample.png', 'model.bad-companion'],
    ['pickle', 'tokenizer/spiece.model', 'model.pickle'],
    ['torchZip', 'notes.txt', 'model.pickle'],
    ['zip', 'tokenizer/spiece.model', 'model.bad-companion'],
    ['code', 'pipeline.py', 'model.code'],
    ['text', 'install.sh', 'model.unexpected-file'],
    ['zip', 'dataset.zip', 'model.unexpected-file'],
    ['zeros', 'tf_model.h5', 'model.unexpected-file'],
    ['text', '../LICENSE.exe', 'model.unexpected-file'],
  ])('%s in %j: %s', (head, path, outcome) => {
    expect(refusal(head, path, 'companion')).toBe(outcome)
    // No policy for weights changes what may lie beside them.
    expect(refusal(head, path, 'companion', true)).toBe(outcome)
  })
})

test('a refusal holds no text of the file and a path fit for a log', () => {
  const secret = Buffer.from('{"error":"token hf_secret"}')
  const path = `${'a'.repeat(500)}\n\u202Eb.safetensors`
  expect.assertions(2)
  try {
    checkModelStart(secret, { path, sizeBytes: 27, kind: 'weights' }, { allowPickle: false })
  } catch (error) {
    expect(JSON.stringify(error)).not.toContain('hf_secret')
    expect((error as FinalError).facts.path).toMatch(/^a{200}$/)
  }
})

test.each([
  ['unet/diffusion_pytorch_model.fp16.safetensors', 'weights'],
  ['pytorch_model.BIN', 'weights'],
  ['model_index.json', 'companion'],
  ['tokenizer/spiece.model', 'companion'],
  ['.gitattributes', 'companion'],
  ['pipeline.py', null],
  ['flax_model.msgpack', null],
  ['folder.json/binary', null],
])('by its name %s is: %s', (path, kind) => {
  expect(fileKindOf(path)).toBe(kind)
})
