import { baseModelFromWords } from '../../formats/base-model-words.ts'

/** The family that decides what works with what; the source's own, more exact string is kept beside it. */
export const BASE_MODELS = [
  'sd15',
  'sd2',
  'sdxl',
  'pony',
  'illustrious',
  'noobai',
  'sd3',
  'flux',
  'flux2',
  'chroma',
  'auraflow',
  'pony7',
  'hidream',
  'hunyuan',
  'kolors',
  'lumina',
  'pixart',
  'playground',
  'qwen',
  'cascade',
  'zimage',
  'anima',
  'svd',
  'cogvideo',
  'ltx',
  'mochi',
  'wan',
  'other',
] as const

export type BaseModel = (typeof BASE_MODELS)[number]

/** CivitAI's strings (contract §8), which the app uses too: by how they begin, so that next month's variants find their family. */
const FAMILIES: readonly (readonly [start: RegExp, family: BaseModel])[] = [
  [/^SD 1\./i, 'sd15'],
  [/^SD 2\./i, 'sd2'],
  [/^SD 3/i, 'sd3'],
  [/^SDXL/i, 'sdxl'],
  // Of another architecture than the Pony before it.
  [/^Pony V7/i, 'pony7'],
  [/^Pony/i, 'pony'],
  [/^Illustrious/i, 'illustrious'],
  [/^NoobAI/i, 'noobai'],
  [/^Flux\.1/i, 'flux'],
  [/^Flux\.2/i, 'flux2'],
  [/^Chroma/i, 'chroma'],
  [/^AuraFlow/i, 'auraflow'],
  [/^HiDream/i, 'hidream'],
  [/^Hunyuan/i, 'hunyuan'],
  [/^Kolors/i, 'kolors'],
  [/^Lumina/i, 'lumina'],
  [/^PixArt/i, 'pixart'],
  [/^Playground/i, 'playground'],
  [/^Qwen/i, 'qwen'],
  [/^Stable Cascade/i, 'cascade'],
  [/^ZImage/i, 'zimage'],
  [/^Anima$/i, 'anima'],
  [/^SVD/i, 'svd'],
  [/^CogVideo/i, 'cogvideo'],
  [/^LTXV/i, 'ltx'],
  [/^Mochi/i, 'mochi'],
  [/^Wan Video/i, 'wan'],
]

/** What of a family can be asked for: CivitAI matches strings exactly and any number of them. */
const CIVITAI_STRINGS: Partial<Record<BaseModel, readonly string[]>> = {
  sd15: ['SD 1.4', 'SD 1.5', 'SD 1.5 LCM', 'SD 1.5 Hyper'],
  sd2: ['SD 2.0', 'SD 2.0 768', 'SD 2.1', 'SD 2.1 768', 'SD 2.1 Unclip'],
  sd3: ['SD 3', 'SD 3.5', 'SD 3.5 Large', 'SD 3.5 Large Turbo', 'SD 3.5 Medium'],
  sdxl: ['SDXL 0.9', 'SDXL 1.0', 'SDXL 1.0 LCM', 'SDXL Lightning', 'SDXL Hyper', 'SDXL Turbo', 'SDXL Distilled'],
  pony: ['Pony'],
  pony7: ['Pony V7'],
  illustrious: ['Illustrious'],
  noobai: ['NoobAI'],
  flux: ['Flux.1 S', 'Flux.1 D', 'Flux.1 Krea', 'Flux.1 Kontext'],
  flux2: ['Flux.2 D', 'Flux.2 Klein 9B', 'Flux.2 Klein 9B-base', 'Flux.2 Klein 4B', 'Flux.2 Klein 4B-base'],
  chroma: ['Chroma'],
  auraflow: ['AuraFlow'],
  hidream: ['HiDream', 'HiDream-O1'],
  hunyuan: ['Hunyuan 1', 'Hunyuan Video'],
  kolors: ['Kolors'],
  lumina: ['Lumina'],
  pixart: ['PixArt a', 'PixArt E'],
  playground: ['Playground v2'],
  qwen: ['Qwen', 'Qwen 2', 'Qwen 3'],
  cascade: ['Stable Cascade'],
  zimage: ['ZImageTurbo', 'ZImageBase'],
  anima: ['Anima'],
  svd: ['SVD', 'SVD XT'],
  cogvideo: ['CogVideoX'],
  ltx: ['LTXV', 'LTXV2', 'LTXV 2.3'],
  mochi: ['Mochi'],
  wan: [
    'Wan Video',
    'Wan Video 1.3B t2v',
    'Wan Video 14B t2v',
    'Wan Video 14B i2v 480p',
    'Wan Video 14B i2v 720p',
    'Wan Video 2.2 TI2V-5B',
    'Wan Video 2.2 I2V-A14B',
    'Wan Video 2.2 T2V-A14B',
    'Wan Video 2.5 T2V',
    'Wan Video 2.5 I2V',
  ],
}

/** The repos that what is made for a family names as its `base_model`; the first is asked for. */
const HUGGING_FACE_REPOS: Partial<Record<BaseModel, string>> = {
  sd15: 'stable-diffusion-v1-5/stable-diffusion-v1-5',
  sd2: 'stabilityai/stable-diffusion-2-1',
  sdxl: 'stabilityai/stable-diffusion-xl-base-1.0',
  sd3: 'stabilityai/stable-diffusion-3.5-large',
  flux: 'black-forest-labs/FLUX.1-dev',
  flux2: 'black-forest-labs/FLUX.2-dev',
  auraflow: 'fal/AuraFlow',
  chroma: 'lodestones/Chroma',
  cascade: 'stabilityai/stable-cascade',
  cogvideo: 'THUDM/CogVideoX-5b',
  hidream: 'HiDream-ai/HiDream-I1-Full',
  hunyuan: 'tencent/HunyuanVideo',
  illustrious: 'OnomaAIResearch/Illustrious-xl-early-release-v0',
  kolors: 'Kwai-Kolors/Kolors-diffusers',
  ltx: 'Lightricks/LTX-Video',
  mochi: 'genmo/mochi-1-preview',
  noobai: 'Laxhar/noobai-XL-1.1',
  qwen: 'Qwen/Qwen-Image',
  zimage: 'Tongyi-MAI/Z-Image-Turbo',
}

/** Classes of diffusers pipelines, as `diffusers:…` tags name them, and their families. */
const PIPELINES: readonly (readonly [name: RegExp, family: BaseModel])[] = [
  [/^StableDiffusionXL/, 'sdxl'],
  [/^StableDiffusion3/, 'sd3'],
  [/^Flux2/, 'flux2'],
  [/^Flux/, 'flux'],
  [/^Chroma/, 'chroma'],
  [/^AuraFlow/, 'auraflow'],
  [/^PixArt/, 'pixart'],
  [/^StableCascade/, 'cascade'],
  [/^Kolors/, 'kolors'],
  [/^HunyuanVideo|^HunyuanDiT/, 'hunyuan'],
  [/^HiDream/, 'hidream'],
  [/^Lumina/, 'lumina'],
  [/^QwenImage/, 'qwen'],
  [/^ZImage/, 'zimage'],
  [/^StableVideoDiffusion/, 'svd'],
  [/^CogVideoX/, 'cogvideo'],
  [/^LTX/, 'ltx'],
  [/^Mochi/, 'mochi'],
  [/^Wan/, 'wan'],
]

/** The pipelines that the Hub can be asked for, where a family has one that no other loads into. */
const HUGGING_FACE_PIPELINES: Partial<Record<BaseModel, string>> = {
  sd15: 'StableDiffusionPipeline',
  sdxl: 'StableDiffusionXLPipeline',
  // Trained on SDXL: found among its pipelines, told apart by their names.
  pony: 'StableDiffusionXLPipeline',
  illustrious: 'StableDiffusionXLPipeline',
  noobai: 'StableDiffusionXLPipeline',
  sd3: 'StableDiffusion3Pipeline',
  flux: 'FluxPipeline',
  flux2: 'Flux2Pipeline',
  chroma: 'ChromaPipeline',
  auraflow: 'AuraFlowPipeline',
  qwen: 'QwenImagePipeline',
  zimage: 'ZImagePipeline',
}
/** What is trained on SDXL and is a base of its own for what is trained on it. */
const MADE_FROM_SDXL: ReadonlySet<BaseModel> = new Set(['pony', 'illustrious', 'noobai'])

/** The family of CivitAI's string; null where it says nothing, `other` where it says something that we don't know. */
export function familyOf(baseModel: string | null): BaseModel | null {
  if (baseModel === null) return null
  return FAMILIES.find(([start]) => start.test(baseModel))?.[1] ?? 'other'
}

/** CivitAI's strings of families, to ask for them; `other` has none. */
export function civitaiBaseModels(families: readonly BaseModel[]): string[] {
  return families.flatMap((family) => CIVITAI_STRINGS[family] ?? [])
}

/** The tag by which the Hub lists what is made for a family; null where we know none. */
export function huggingFaceBaseTag(family: BaseModel): string | null {
  const repo = HUGGING_FACE_REPOS[family]
  return repo === undefined ? null : `base_model:${repo}`
}

/** The tag by which the Hub lists a family's own base models, in the form of pipelines; null where we know none. */
export function huggingFacePipelineTag(family: BaseModel): string | null {
  const pipeline = HUGGING_FACE_PIPELINES[family]
  return pipeline === undefined ? null : `diffusers:${pipeline}`
}

/**
 * The family of a repo and the string that says so: the repo it was made from, else its pipeline's class, else its own name.
 * `StableDiffusionPipeline` is the class of SD 1 and SD 2 both, so there the name decides, and SD 1.5 where it doesn't; a name
 * also tells apart what has the class of SDXL.
 */
export function baseFromHuggingFace(repo: { id: string; baseModel: string | null; tags: readonly string[] }): {
  family: BaseModel | null
  said: string | null
} {
  const { baseModel, id, tags } = repo
  const ownFamily = familyByName(id)
  if (baseModel !== null) {
    // A fine-tune of an unknown fine-tune often says in its own name what it is.
    return { family: familyByName(baseModel) ?? ownFamily ?? 'other', said: baseModel }
  }
  for (const tag of tags) {
    const pipeline = /^diffusers:(\w+Pipeline)$/.exec(tag)?.[1]
    if (pipeline === undefined) continue
    const known = PIPELINES.find(([name]) => name.test(pipeline))?.[1]
    const early = pipeline === 'StableDiffusionPipeline' ? 'sd15' : 'other'
    const isSpecial = known === 'sdxl' && ownFamily !== null && MADE_FROM_SDXL.has(ownFamily)
    return { family: isSpecial ? ownFamily : (known ?? ownFamily ?? early), said: pipeline }
  }
  return { family: ownFamily, said: null }
}

function familyByName(repo: string): BaseModel | null {
  const words = baseModelFromWords(repo.split('/').at(-1) ?? '')
  return words === null ? null : familyOf(words)
}
