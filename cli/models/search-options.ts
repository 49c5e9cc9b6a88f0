import { BASE_MODELS } from '#shared/registry/model/base-models.ts'
import { MODEL_TYPES } from '#shared/registry/model/model-types.ts'
import { MODEL_SOURCES } from '#shared/registry/model/registry-model.ts'
import { UsageError, wholeNumber } from '../command.ts'

/** What lists of models are narrowed by. */
export const filterOptions = {
  source: { type: 'string', multiple: true },
  type: { type: 'string', multiple: true },
  base: { type: 'string', multiple: true },
  limit: { type: 'string', default: '20' },
  cursor: { type: 'string' },
} as const

/** How `--help` explains them. */
export const filterUsage = `  --source SOURCE    civitai, huggingface or local; these may be repeated, or lists (a,b)
  --type TYPE        base_model, lora, embedding, vae, controlnet, …
  --base BASE        sd15, sdxl, pony, illustrious, sd3, flux, …
  --limit N          at most so many (20)
  --cursor TOKEN     go on where a page ended (its nextCursor, by --json)`

export const filterChoices = { source: MODEL_SOURCES, type: MODEL_TYPES, base: BASE_MODELS } as const

interface FilterValues {
  source?: string[] | undefined
  type?: string[] | undefined
  base?: string[] | undefined
  limit: string
  cursor?: string | undefined
}

/** The filters as the API takes them. @throws UsageError for words that it does not know. */
export function readFilters(values: FilterValues, usage: string) {
  return {
    query: {
      source: wordsOf('source', values.source, usage),
      type: wordsOf('type', values.type, usage),
      base: wordsOf('base', values.base, usage),
    },
    limit: wholeNumber(values.limit, { name: 'limit', min: 1, max: 1_000, usage }),
    cursor: values.cursor ?? null,
  }
}

function wordsOf(option: keyof typeof filterChoices, given: string[] | undefined, usage: string): string | null {
  const known: readonly string[] = filterChoices[option]
  const words = (given ?? []).flatMap((text) => text.split(',')).filter((word) => word !== '')
  for (const word of words) {
    if (!known.includes(word)) throw new UsageError(`--${option} takes ${known.join(', ')}; not "${word}".`, usage)
  }
  return words.length === 0 ? null : [...new Set(words)].join(',')
}
