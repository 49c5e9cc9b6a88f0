/** What a model is, whatever its source calls it. `other` goes with the source's own word beside it. */
export const MODEL_TYPES = [
  'base_model',
  'lora',
  'embedding',
  'vae',
  'controlnet',
  'hypernetwork',
  'upscaler',
  'motion_module',
  'text_encoder',
  'unet',
  'clip_vision',
  'detector',
  'poses',
  'wildcards',
  'workflow',
  'llm',
  'other',
] as const

export type ModelType = (typeof MODEL_TYPES)[number]

/** CivitAI's `ModelType`, an open set (contract §8). */
const CIVITAI_TYPES: ReadonlyMap<string, ModelType> = new Map([
  ['Checkpoint', 'base_model'],
  ['LORA', 'lora'],
  ['LoCon', 'lora'],
  ['DoRA', 'lora'],
  ['TextualInversion', 'embedding'],
  ['AestheticGradient', 'embedding'],
  ['VAE', 'vae'],
  ['Controlnet', 'controlnet'],
  ['Hypernetwork', 'hypernetwork'],
  ['Upscaler', 'upscaler'],
  ['MotionModule', 'motion_module'],
  ['TextEncoder', 'text_encoder'],
  ['CLIP', 'text_encoder'],
  ['UNet', 'unet'],
  ['CLIPVision', 'clip_vision'],
  ['Detection', 'detector'],
  ['Poses', 'poses'],
  ['Wildcards', 'wildcards'],
  ['Workflows', 'workflow'],
  ['ComfyWorkflows', 'workflow'],
  ['LLM', 'llm'],
  ['VisionLanguage', 'llm'],
])

/** By a tag, the first that is there: what a repo adds to a model comes before the model that it adds to. */
const HUGGING_FACE_TAGS: readonly (readonly [tag: RegExp, type: ModelType])[] = [
  [/^(lora|base_model:adapter:.+)$/, 'lora'],
  [/^controlnet$/, 'controlnet'],
  [/^textual[_-]inversion$/, 'embedding'],
  [/^(vae|diffusers:Autoencoder\w+)$/, 'vae'],
  [/^(upscaler|super-resolution)$/, 'upscaler'],
  [/^motion-(module|adapter)$/, 'motion_module'],
  [/^diffusers:\w+Pipeline$/, 'base_model'],
]

/** By the task (`pipeline_tag`) where no tag says more. */
const HUGGING_FACE_TASKS: ReadonlyMap<string, ModelType> = new Map([
  ['text-to-image', 'base_model'],
  ['image-to-image', 'base_model'],
  ['text-to-video', 'base_model'],
  ['image-to-video', 'base_model'],
  ['unconditional-image-generation', 'base_model'],
  ['text-generation', 'llm'],
  ['image-text-to-text', 'llm'],
  ['object-detection', 'detector'],
])

/** Of CivitAI's word for it, in any case. */
export function typeFromCivitai(word: string | null): ModelType {
  if (word === null) return 'other'
  const known = CIVITAI_TYPES.get(word)
  if (known !== undefined) return known
  const lower = word.toLowerCase()
  return [...CIVITAI_TYPES].find(([name]) => name.toLowerCase() === lower)?.[1] ?? 'other'
}

/** CivitAI's words for types, to ask for them. */
export function civitaiTypesOf(types: readonly ModelType[]): string[] {
  return [...CIVITAI_TYPES].filter(([, type]) => types.includes(type)).map(([name]) => name)
}

/** Of a repo's tags and task. */
export function typeFromHuggingFace({ tags, task }: { tags: readonly string[]; task: string | null }): ModelType {
  const tagged = HUGGING_FACE_TAGS.find(([pattern]) => tags.some((tag) => pattern.test(tag)))
  return tagged?.[1] ?? HUGGING_FACE_TASKS.get(task ?? '') ?? 'other'
}
