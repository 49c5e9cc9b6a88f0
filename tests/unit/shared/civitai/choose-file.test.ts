import { readFileSync } from 'node:fs'
import { type CivitaiFileChoice, chooseFile } from '#shared/civitai/choose-file.ts'
import { fileSchema } from '#shared/civitai/file.ts'
import { modelSchema } from '#shared/civitai/model.ts'

/** `id type/format/size/fp`, with `*` behind the id of the primary one. */
function files(...lines: string[]) {
  return lines.map((line) => {
    const [, id, star, type, format, size = null, fp = null] =
      /^(\d+)(\*?) ([^/]+)\/([^/]+)(?:\/(\w+))?(?:\/(\w+))?$/.exec(line)!
    return fileSchema.parse({ id, name: 'same name', type, metadata: { format, size, fp }, primary: star === '*' })
  })
}
function chosen(lines: string[], choice: CivitaiFileChoice = {}, modelType: string | null = 'Checkpoint') {
  return chooseFile(files(...lines), { modelType, choice })?.id ?? null
}

test.each<[why: string, lines: string[], id: string | null]>([
  ['the only one', ['1* Model/SafeTensor'], '1'],
  ['SafeTensor before a primary Pickle', ['1* Model/PickleTensor', '2 Model/SafeTensor'], '2'],
  ['the primary of two SafeTensors', ['1 Model/SafeTensor/full/fp32', '2* Model/SafeTensor/full/fp32'], '2'],
  ['the primary before the pruned', ['1* Model/SafeTensor/full/fp16', '2 Model/SafeTensor/pruned/fp16'], '1'],
  ['without a primary the pruned', ['1 Model/SafeTensor/full/fp16', '2 Model/SafeTensor/pruned/fp16'], '2'],
  ['without a primary the fp16', ['1 Model/SafeTensor/full/fp32', '2 Model/SafeTensor/full/fp16'], '2'],
  ['the older of equals, in any order', ['10 Model/SafeTensor', '9 Model/SafeTensor'], '9'],
  ['no training data, though it is primary', ['1* Training Data/Other', '2 Model/PickleTensor'], '2'],
  ['nothing where there is only training data', ['1* Training Data/Other'], null],
  ['nothing in a config and an archive', ['1 Config/Other', '2 Archive/Other', '3 Workflow/Other'], null],
  ['the checkpoint, not the VAE that is linked', ['1* VAE/SafeTensor', '2 Model/PickleTensor'], '2'],
  ['the linked part where there is nothing else', ['1 VAE/SafeTensor'], '1'],
  ['a Pickle where there is nothing else', ['1* Model/PickleTensor', '2 Training Data/Other'], '1'],
  ['weights of a type of next year', ['1 Hologram/SafeTensor', '2 Hologram/Other'], '1'],
  ['nothing in nothing', [], null],
])('%s', (_why, lines, id) => {
  expect(chosen(lines)).toBe(id)
  expect(chosen(lines.toReversed())).toBe(id)
})

test("the file whose type is the model's is its main one", () => {
  expect(chosen(['1* Text Encoder/SafeTensor', '2 VAE/SafeTensor'], {}, 'VAE')).toBe('2')
  expect(chosen(['1 VAE/SafeTensor', '2 Text Encoder/SafeTensor'], {}, 'TextEncoder')).toBe('2')
})

test.each<[choice: CivitaiFileChoice, id: string | null]>([
  [{}, '3'],
  [{ size: 'full' }, '2'],
  [{ fp: 'FP32' }, '1'],
  [{ format: 'PickleTensor' }, '4'],
  [{ format: 'pickle' }, '4'],
  [{ format: 'safetensors', size: 'full', fp: 'fp16' }, '2'],
  [{ type: 'Model', format: 'SafeTensor', size: 'pruned', fp: 'fp16' }, '3'],
  [{ type: 'Training Data' }, null],
  [{ format: 'GGUF' }, null],
])('of four files the choice %j takes %s', (choice, id) => {
  const lines = [
    '1 Model/SafeTensor/full/fp32',
    '2 Model/SafeTensor/full/fp16',
    '3 Model/SafeTensor/pruned/fp16',
    '4* Model/PickleTensor/full/fp16',
    '5 Training Data/Other',
  ]
  expect(chosen(lines, choice)).toBe(id)
})

const recorded = JSON.parse(readFileSync('tests/fixtures/civitai/models-search.checkpoints.json', 'utf8')) as {
  items: unknown[]
}

test.each<[versionId: string, fileId: string | null]>([
  ['128713', '93211'],
  ['303662', '239723'],
  // Training data, marked as primary.
  ['111861', null],
  // Two files of one name.
  ['94081', '65091'],
  // Four of one name: two Pickles, a full one, and the pruned one that the server has picked.
  ['6202', '6459'],
  ['57618', '41079'],
  ['5057', '5077'],
  ['130072', '94298'],
])('of the recorded version %s it is file %s', (versionId, fileId) => {
  const models = recorded.items.map((item) => modelSchema.parse(item))
  const model = models.find(({ versions }) => versions.some(({ id }) => id === versionId))!
  const version = model.versions.find(({ id }) => id === versionId)!
  expect(chooseFile(version.files, { modelType: model.type, choice: {} })?.id ?? null).toBe(fileId)
})
