import { readFileSync } from 'node:fs'
import { listedModelSchema, listedVersionSchema } from '#shared/civitai/listed-model.ts'
import { hubListedModelSchema } from '#shared/huggingface/listed-model.ts'
import { fromCivitai, fromCivitaiVersion } from '#shared/registry/hubs/from-civitai.ts'
import { fromHuggingFace } from '#shared/registry/hubs/from-hugging-face.ts'
import type { RegistryModel } from '#shared/registry/model/registry-model.ts'
import { fromWireModel, toWireModel, wireModelSchema } from '#shared/registry/model/wire-model.ts'
import { withFileFacts } from '#shared/registry/model/with-file-facts.ts'

const NOW = { nowMs: Date.parse('2026-08-01T12:00:00Z') }
const read = (path: string) => JSON.parse(readFileSync(`tests/fixtures/${path}`, 'utf8'))
const expected = read('registry/expected-records.json')
const wire = (model: RegistryModel | null) => (model === null ? null : toWireModel(model))

test('a recorded page of CivitAI becomes exactly these records', () => {
  const { items } = read('civitai/models-search.checkpoints.json')
  const records = items.map((item: unknown) => wire(fromCivitai(listedModelSchema.parse(item), NOW)))
  expect(records).toEqual(expected['civitai.models-search.checkpoints'])
})

test('a recorded model of CivitAI becomes exactly this record', () => {
  const model = listedModelSchema.parse(read('civitai/model.1231067.json'))
  expect(wire(fromCivitai(model, NOW))).toEqual(expected['civitai.model.1231067'])
})

test.each(['1387174', '1255556'])('the recorded version %s of CivitAI becomes exactly this record', (id) => {
  const version = listedVersionSchema.parse(read(`civitai/model-version.${id}.json`))
  expect(wire(fromCivitaiVersion(version, NOW))).toEqual(expected[`civitai.model-version.${id}`])
})

test('a recorded repo of Hugging Face becomes exactly this record', () => {
  const repo = hubListedModelSchema.parse(read('huggingface/model-info.eicar-street.blobs.json'))
  expect(wire(fromHuggingFace(repo))).toEqual(expected['huggingface.model-info.eicar-street'])
})

test('every record has the shape that is answered, and is read back as it was', () => {
  const records = Object.values(expected).flat()
  expect(records).toHaveLength(7)
  for (const record of records) expect(toWireModel(fromWireModel(wireModelSchema.parse(record)))).toEqual(record)
})

const FILE = { id: 3, name: 'a.safetensors', type: 'Model', sizeKB: 10, metadata: { format: 'SafeTensor' }, hashes: {} }
const VERSION = { id: 2, name: 'v1', baseModel: 'SDXL 1.0', status: 'Published', files: [FILE] }
const civitai = (model: object, version: object = {}) =>
  fromCivitai(
    listedModelSchema.parse({ id: 1, name: 'A', type: 'LORA', modelVersions: [{ ...VERSION, ...version }], ...model }),
    NOW,
  )

test.each<[what: string, model: object, version: object, record: Partial<RegistryModel>]>([
  ['a creator who is gone', { creator: null }, {}, { creator: null }],
  ['a creator without a name', { creator: {} }, {}, { creator: null }],
  [
    'hidden numbers',
    { stats: { downloadCount: null, thumbsUpCount: 5, thumbsDownCount: null } },
    {},
    { downloadCount: null, likeCount: 5, rating: null },
  ],
  ['no numbers at all', { stats: null }, {}, { downloadCount: null, likeCount: null, rating: null }],
  ['thumbs for a rating', { stats: { thumbsUpCount: 3, thumbsDownCount: 1, rating: 0 } }, {}, { rating: 3.75 }],
  ['a rating of the old days', { stats: { thumbsUpCount: 3, thumbsDownCount: 1, rating: 4.8 } }, {}, { rating: 4.8 }],
  ['no votes', { stats: { thumbsUpCount: 0, thumbsDownCount: 0, rating: 0 } }, {}, { rating: null }],
  ['tags of old data', { tags: [{ name: 'anime' }, 'anime', ' style '] }, {}, { tags: ['anime', 'style'] }],
  [
    'a date without a zone',
    {},
    { publishedAt: '2023-10-05T13:31:16.745' },
    { createdAt: new Date('2023-10-05T13:31:16.745Z') },
  ],
  [
    'a date with two digits of a second',
    {},
    { publishedAt: '2025-05-19T02:43:46.31' },
    { createdAt: new Date('2025-05-19T02:43:46.310Z') },
  ],
  [
    'a size whose product is off',
    {},
    { files: [{ ...FILE, sizeKB: 2546414.971679688 }] },
    { sizeBytes: 2_607_528_931 },
  ],
  ['no hashes yet', {}, {}, { sha256: null, availability: 'open' }],
  ['pictures for everybody among others', { nsfwLevel: 15 }, {}, { isNsfw: false }],
  ['no picture for everybody', { nsfwLevel: 28 }, {}, { isNsfw: true }],
  ['a level that nobody has set', { nsfwLevel: 0 }, {}, { isNsfw: false }],
  ['a model that says so', { nsfw: true, nsfwLevel: 1 }, {}, { isNsfw: true }],
  [
    'early access that is told in the new way',
    {},
    { paidAccess: { permanent: false, endsAt: '2026-09-01T00:00:00Z' } },
    { availability: 'early_access', availableAt: new Date('2026-09-01T00:00:00Z') },
  ],
  [
    'early access that is over',
    {},
    { earlyAccessEndsAt: '2026-07-01T00:00:00Z' },
    { availability: 'open', availableAt: null },
  ],
  [
    'a sale for good',
    {},
    { paidAccess: { permanent: true, endsAt: null } },
    { availability: 'early_access', availableAt: null },
  ],
  ['a version to be used on the site only', {}, { usageControl: 'Generation' }, { availability: 'no_download' }],
  [
    'an archived model',
    { mode: 'Archived' },
    { files: [] },
    { availability: 'archived', format: null, sizeBytes: null },
  ],
  ['a model that was taken down', { mode: 'TakenDown' }, {}, { availability: 'taken_down' }],
  [
    'training data only',
    {},
    { files: [{ ...FILE, type: 'Training Data' }] },
    { availability: 'no_files', format: null },
  ],
  [
    'a model without versions',
    { modelVersions: [] },
    {},
    { id: 'civitai:1', version: null, availability: 'no_files', remoteUrl: 'https://civitai.com/models/1' },
  ],
  ['a type of next year', { type: 'HoloLoRA' }, {}, { type: 'other', sourceType: 'HoloLoRA' }],
  [
    'a base model of next year',
    {},
    { baseModel: 'Grand Diffusion 9' },
    { baseModel: 'other', sourceBaseModel: 'Grand Diffusion 9' },
  ],
  ['no base model', {}, { baseModel: null }, { baseModel: null, sourceBaseModel: null }],
  ['a pickle', {}, { files: [{ ...FILE, name: 'a.pt', metadata: { format: 'PickleTensor' } }] }, { format: 'ckpt' }],
  [
    'a weight in the text',
    { description: '<p>Recommended weight: <b>0.6 - 0.8</b>, 20 steps</p>' },
    {},
    { recommendedWeight: 0.7 },
  ],
  ['a weight of something else', { type: 'Checkpoint', description: 'weight: 0.8' }, {}, { recommendedWeight: null }],
])('CivitAI: %s', (_, model, version, record) => {
  expect(civitai(model, version)).toMatchObject(record)
})

test('a version that was asked for is taken, and one that is not there is none', () => {
  const model = listedModelSchema.parse({
    id: 1,
    name: 'A',
    modelVersions: [VERSION, { ...VERSION, id: 4, name: 'v0' }],
  })
  expect(fromCivitai(model, { ...NOW, versionId: '4' })).toMatchObject({ id: 'civitai:1@4', version: 'v0' })
  expect(fromCivitai(model, { ...NOW, versionId: '5' })).toBeNull()
})

const hub = (more: object) => fromHuggingFace(hubListedModelSchema.parse({ id: 'ada/thing', ...more }))
const siblings = (...paths: string[]) => ({ siblings: paths.map((rfilename) => ({ rfilename })) })

test.each<[what: string, repo: object, record: Partial<RegistryModel>]>([
  [
    'next to nothing',
    {},
    { type: 'other', baseModel: null, format: null, availability: 'open', tags: [], downloadCount: null },
  ],
  [
    'an old name',
    { id: 'gpt2' },
    { id: 'hf:gpt2', creator: null, name: 'gpt2', remoteUrl: 'https://huggingface.co/gpt2' },
  ],
  [
    'a LoRA by its tag',
    { tags: ['lora', 'text-to-image', 'license:mit'], pipeline_tag: 'text-to-image' },
    { type: 'lora', tags: ['lora', 'text-to-image'] },
  ],
  [
    'a LoRA by what it adapts',
    { tags: ['base_model:adapter:black-forest-labs/FLUX.1-dev'] },
    { type: 'lora', baseModel: 'flux', sourceBaseModel: 'black-forest-labs/FLUX.1-dev' },
  ],
  [
    'a base model from the card',
    { cardData: { base_model: ['stabilityai/stable-diffusion-xl-base-1.0'] } },
    { baseModel: 'sdxl', sourceBaseModel: 'stabilityai/stable-diffusion-xl-base-1.0' },
  ],
  [
    'an unknown base model',
    { cardData: { base_model: 'ada/unheard-of' } },
    { baseModel: 'other', sourceBaseModel: 'ada/unheard-of' },
  ],
  [
    'an unknown base model, and a name that says it',
    { id: 'ada/thing-sdxl', cardData: { base_model: 'ada/unheard-of' } },
    { baseModel: 'sdxl', sourceBaseModel: 'ada/unheard-of' },
  ],
  [
    'a pipeline by its class',
    { tags: ['diffusers:StableDiffusionXLPipeline'], ...siblings('model_index.json', 'unet/a.safetensors') },
    { type: 'base_model', baseModel: 'sdxl', sourceBaseModel: 'StableDiffusionXLPipeline', format: 'diffusers' },
  ],
  ['an early pipeline', { tags: ['diffusers:StableDiffusionPipeline'] }, { baseModel: 'sd15', format: 'diffusers' }],
  [
    'an early pipeline with SD 2 in its name',
    { id: 'ada/stable-diffusion-2-1', tags: ['diffusers:StableDiffusionPipeline'] },
    { baseModel: 'sd2' },
  ],
  [
    'a pipeline of next year',
    { tags: ['diffusers:GrandPipeline'] },
    { baseModel: 'other', sourceBaseModel: 'GrandPipeline' },
  ],
  [
    'a ControlNet on something',
    { tags: ['controlnet', 'base_model:stabilityai/stable-diffusion-3.5-large'] },
    { type: 'controlnet', baseModel: 'sd3' },
  ],
  ['a textual inversion', { tags: ['textual_inversion'] }, { type: 'embedding' }],
  ['a VAE', { tags: ['diffusers:AutoencoderKL'] }, { type: 'vae' }],
  [
    'a language model',
    { pipeline_tag: 'text-generation', ...siblings('model.gguf') },
    { type: 'llm', sourceType: 'text-generation', format: 'gguf' },
  ],
  ['a gate that opens by a click', { gated: 'auto' }, { availability: 'gated_auto' }],
  ['a gate with people', { gated: 'manual' }, { availability: 'gated_manual' }],
  ['a private one', { private: true }, { availability: 'private' }],
  ['one that was taken down', { disabled: true, gated: 'auto' }, { availability: 'taken_down' }],
  ['not for everybody', { tags: ['not-for-all-audiences'] }, { isNsfw: true }],
  [
    'what its card says to write',
    { cardData: { instance_prompt: 'photo of TOK dog' } },
    { triggerWords: ['photo of TOK dog'] },
  ],
  [
    'weights in parts',
    siblings('model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'),
    { format: 'safetensors', sizeBytes: null, sha256: null },
  ],
  [
    'odd fields',
    {
      tags: null,
      gated: 'yes',
      disabled: null,
      cardData: 'none',
      downloads: 'many',
      createdAt: 'soon',
      siblings: 'none',
    },
    { availability: 'open', downloadCount: null, createdAt: null },
  ],
])('Hugging Face: %s', (_, repo, record) => {
  expect(hub(repo)).toMatchObject(record)
})

const FACTS = { baseModelHint: 'SDXL 1.0', triggerWords: ['pxl'], recommendedWeight: 0.7 }

test('what a source does not say is taken from the file', () => {
  const silent = civitai({}, { baseModel: null, trainedWords: [] })!
  expect(withFileFacts(silent, FACTS)).toMatchObject({
    baseModel: 'sdxl',
    sourceBaseModel: 'SDXL 1.0',
    triggerWords: ['pxl'],
    recommendedWeight: 0.7,
  })
})

test('what a source says stays, whatever the file says', () => {
  const said = civitai({ description: 'weight: 0.5' }, { baseModel: 'Grand Diffusion 9', trainedWords: ['own'] })!
  expect(withFileFacts(said, FACTS)).toEqual(said)
})
