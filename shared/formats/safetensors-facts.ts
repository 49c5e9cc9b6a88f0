import { baseModelFromTensors } from './base-model-tensors.ts'
import { baseModelFromWords, refined } from './base-model-words.ts'
import { safeText } from './safe-text.ts'
import type { SafetensorsHeader } from './safetensors.ts'
import { triggerWords } from './trigger-words.ts'

/** What a model file says of itself. Every text is safe to store and to show, and short. */
export interface SafetensorsFacts {
  /** The one that most bytes have: `F16`. */
  dtype: string
  /** Elements of each, at most ten of them. */
  dtypes: Readonly<Record<string, number>>
  parameterCount: number
  tensorCount: number
  /** The framework that wrote it (`pt`). */
  framework: string | null
  /** In the app's words ("SDXL 1.0"): a hint, for a document that says nothing. */
  baseModelHint: string | null
  triggerWords: readonly string[]
  title: string | null
  /** Only where the metadata says one. */
  recommendedWeight: number | null
  /** Of an adapter: what it was made with (`networks.lora`), and its rank. */
  networkModule: string | null
  rank: number | null
  /** Of the training pictures: `1024x1024`. */
  resolution: string | null
}

const noMetadata: ReadonlyMap<string, string> = new Map()

/** Draws the facts from a checked header. Never throws: metadata is foreign text, and what makes no sense counts as absent. */
export function safetensorsFacts(header: SafetensorsHeader): SafetensorsFacts {
  const metadata = header.metadata ?? noMetadata
  const byBytes = [...header.dtypes].sort(([, a], [, b]) => b.bytes - a.bytes)
  return {
    dtype: byBytes[0]?.[0] ?? 'unknown',
    dtypes: Object.fromEntries(byBytes.slice(0, 10).map(([dtype, total]) => [dtype, total.parameters])),
    parameterCount: byBytes.reduce((sum, [, total]) => sum + total.parameters, 0),
    tensorCount: header.tensorCount,
    framework: firstText(metadata, ['format'], 40),
    baseModelHint: baseModelHint(header, metadata),
    triggerWords: triggerWords(metadata),
    title: firstText(metadata, ['modelspec.title', 'ss_output_name'], 200),
    recommendedWeight: recommendedWeight(metadata),
    networkModule: firstText(metadata, ['ss_network_module'], 80),
    rank: rank(header, metadata),
    resolution: resolution(metadata),
  }
}

/** By what the file states, in the order of how exact that is; by its tensors only where it states nothing. */
function baseModelHint(header: SafetensorsHeader, metadata: ReadonlyMap<string, string>): string | null {
  const stated = ['modelspec.architecture', 'ss_base_model_version'].map((key) => firstText(metadata, [key], 200) ?? '')
  const architecture =
    stated.map(baseModelFromWords).find((name) => name !== null) ?? (metadata.get('ss_v2') === 'True' ? 'SD 2.1' : null)
  // A path of the machine that it was trained on, as often as a name.
  const trainedOn = baseModelFromWords((metadata.get('ss_sd_model_name') ?? '').slice(-300).split(/[/\\]/).at(-1) ?? '')
  const hint = refined(architecture, trainedOn)
  // An architecture that is newer than our words may well have the tensors of one that we know: then no hint is better.
  const isUnknown = stated.some((text) => text !== '' && text.toLowerCase() !== 'unknown')
  return hint ?? (isUnknown ? null : baseModelFromTensors(header.tensors))
}

function firstText(metadata: ReadonlyMap<string, string>, keys: readonly string[], maxBytes: number): string | null {
  for (const key of keys) {
    const text = safeText(metadata.get(key) ?? '', maxBytes)
    if (text !== '' && text !== 'None') return text
  }
  return null
}

function recommendedWeight(metadata: ReadonlyMap<string, string>): number | null {
  const text = firstText(metadata, ['modelspec.preferred_weight', 'preferred_weight', 'recommended_weight'], 20)
  const weight = Number(text ?? Number.NaN)
  return Number.isFinite(weight) && weight !== 0 && Math.abs(weight) <= 5 ? weight : null
}

function rank(header: SafetensorsHeader, metadata: ReadonlyMap<string, string>): number | null {
  const stated = Number(firstText(metadata, ['ss_network_dim'], 20) ?? Number.NaN)
  const down = header.tensors.find(
    ({ name, shape }) => shape.length >= 2 && /\.(lora_down|lora_A|lora\.down)\./.test(name.slice(0, 300)),
  )
  const found = Number.isFinite(stated) ? stated : down?.shape[0]
  return found !== undefined && Number.isInteger(found) && found >= 1 && found <= 65_536 ? found : null
}

function resolution(metadata: ReadonlyMap<string, string>): string | null {
  const text = firstText(metadata, ['modelspec.resolution', 'ss_resolution'], 40) ?? ''
  const [, width, height = width] = /^\D?(\d{2,5})(?:\D{1,3}(\d{2,5}))?\D?$/.exec(text) ?? []
  return width === undefined ? null : `${width}x${height}`
}
