/** What trainers and the ModelSpec call an architecture, in the order in which to try; against text as `normalized` makes it. */
const words: readonly (readonly [pattern: RegExp, baseModel: string])[] = [
  [/pony-?v?7/, 'Pony V7'],
  [/pony/, 'Pony'],
  [/noob-?ai/, 'NoobAI'],
  [/illustrious/, 'Illustrious'],
  [/(^|-)chroma(\d|-|$)/, 'Chroma'],
  [/(^|-)flux-?2-klein-(base-)?9b-base|(^|-)flux-?2-klein-base-9b/, 'Flux.2 Klein 9B-base'],
  [/(^|-)flux-?2-klein-9b/, 'Flux.2 Klein 9B'],
  [/(^|-)flux-?2-klein-4b-base|(^|-)flux-?2-klein-base-4b/, 'Flux.2 Klein 4B-base'],
  [/(^|-)flux-?2-klein/, 'Flux.2 Klein 4B'],
  [/(^|-)flux-?2/, 'Flux.2 D'],
  [/(^|-)flux[a-z0-9-]*kontext/, 'Flux.1 Kontext'],
  [/(^|-)flux[a-z0-9-]*krea/, 'Flux.1 Krea'],
  [/(^|-)flux[a-z0-9-]*schnell/, 'Flux.1 S'],
  [/(^|-)flux(-?1|-|$)/, 'Flux.1 D'],
  [/((^|-)sd|stable-diffusion)-?v?3-?5-large-turbo/, 'SD 3.5 Large Turbo'],
  [/((^|-)sd|stable-diffusion)-?v?3-?5-large/, 'SD 3.5 Large'],
  [/((^|-)sd|stable-diffusion)-?v?3-?5-medium/, 'SD 3.5 Medium'],
  [/((^|-)sd|stable-diffusion)-?v?3-?5/, 'SD 3.5'],
  [/((^|-)sd|stable-diffusion)-?v?3/, 'SD 3'],
  [/(sd-?xl|stable-diffusion-xl)[a-z0-9-]*lightning/, 'SDXL Lightning'],
  [/(sd-?xl|stable-diffusion-xl)[a-z0-9-]*hyper|hyper-sd-?xl/, 'SDXL Hyper'],
  [/(sd-?xl|stable-diffusion-xl)[a-z0-9-]*turbo/, 'SDXL Turbo'],
  [/(sd-?xl|stable-diffusion-xl)[a-z0-9-]*0-9(-|$)/, 'SDXL 0.9'],
  [/sd-?xl|stable-diffusion-xl/, 'SDXL 1.0'],
  [/((^|-)sd|stable-diffusion)-?v?2[a-z0-9-]*768|(^|-)v2-1-768/, 'SD 2.1 768'],
  [/((^|-)sd|stable-diffusion)-?v?2-0/, 'SD 2.0'],
  [/((^|-)sd|stable-diffusion)-?v?2(-|$)|(^|-)v2-1(-|$)/, 'SD 2.1'],
  [/((^|-)sd|stable-diffusion)-?v?1-4(-|$)/, 'SD 1.4'],
  // NovelAI's model of 2022, on which half of the older LoRAs are trained, is an SD 1.
  [/((^|-)(sd|ss)|stable-diffusion)-?v?1(-?5)?(-|$)|(^|-)v1-5(-|$)|animefull/, 'SD 1.5'],
  [/stable-cascade|wuerstchen/, 'Stable Cascade'],
  [/aura-?flow/, 'AuraFlow'],
  [/hidream/, 'HiDream'],
  [/hunyuan-?video/, 'Hunyuan Video'],
  [/kolors/, 'Kolors'],
  [/lumina/, 'Lumina'],
  [/pixart-?sigma/, 'PixArt E'],
  [/pixart/, 'PixArt a'],
  [/(^|-)qwen-?image/, 'Qwen'],
  [/(^|-)z-?image-?turbo/, 'ZImageTurbo'],
  [/(^|-)z-?image-?base/, 'ZImageBase'],
  [/(^|-)wan-?(video|2)/, 'Wan Video'],
  [/(^|-)anima(-|$)/, 'Anima'],
  [/(^|-)ltx-?v/, 'LTXV'],
  [/(^|-)mochi/, 'Mochi'],
  [/cogvideo/, 'CogVideoX'],
]

/**
 * The base model that a name means (`stable-diffusion-xl-v1-base/lora`, `sd_v1`, `ponyDiffusionV6XL.safetensors`), in the
 * app's words, or null.
 */
export function baseModelFromWords(name: string): string | null {
  const text = normalized(name)
  return words.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/** Lower case, runs of everything else than letters and digits as one dash; of a path only the file's name. */
function normalized(name: string): string {
  const extensionless = name.slice(0, 300).replace(/\.(safetensors|ckpt|pt)$/i, '')
  return extensionless.toLowerCase().replace(/[^a-z0-9]+/g, '-')
}

const families: readonly ReadonlySet<string>[] = [
  // Trained on SDXL, and each a base of its own for what is trained on them.
  new Set(['SDXL 1.0', 'SDXL 0.9', 'SDXL Turbo', 'SDXL Lightning', 'SDXL Hyper', 'Pony', 'Illustrious', 'NoobAI']),
  new Set(['Flux.1 D', 'Flux.1 S', 'Flux.1 Kontext', 'Flux.1 Krea', 'Chroma']),
  new Set(['SD 3', 'SD 3.5', 'SD 3.5 Medium', 'SD 3.5 Large', 'SD 3.5 Large Turbo']),
  new Set(['SD 2.1', 'SD 2.0', 'SD 2.1 768']),
  new Set(['SD 1.5', 'SD 1.4']),
]

/** The architecture that a file states, made more exact by the name of the model that it was trained on, where the two agree. */
export function refined(architecture: string | null, trainedOn: string | null): string | null {
  if (architecture === null || trainedOn === null) return architecture ?? trainedOn
  const family = families.find((names) => names.has(architecture))
  return family?.has(trainedOn) ? trainedOn : architecture
}
