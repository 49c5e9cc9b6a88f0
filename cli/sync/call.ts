import { modelIdOf, parseCall, UsageError, wholeNumber } from '../command.ts'

/** Where a model that has no document yet lies, as it was typed. */
export type TypedSource =
  | { kind: 'civitai'; text: string }
  | { kind: 'huggingface'; text: string; allowPatterns: string[]; ignorePatterns: string[] }
  | { kind: 'url'; url: string; sha256: string | null }

/** What `forge sync` was asked for. */
export type SyncCall = { local: boolean } & (
  | { kind: 'cancel'; modelIds: string[] }
  | { kind: 'models'; modelIds: string[]; watch: boolean; timeoutMs: number }
  | {
      kind: 'source'
      source: TypedSource
      name: string | null
      type: 'model' | 'lora'
      watch: boolean
      timeoutMs: number
    }
)

/** Options of `forge sync`. */
export const syncOptions = {
  civitai: { type: 'string' },
  huggingface: { type: 'string' },
  url: { type: 'string' },
  sha256: { type: 'string' },
  allow: { type: 'string', multiple: true },
  ignore: { type: 'string', multiple: true },
  name: { type: 'string' },
  type: { type: 'string' },
  cancel: { type: 'boolean', default: false },
  watch: { type: 'boolean' },
  'no-watch': { type: 'boolean' },
  timeout: { type: 'string', default: '21600' },
} as const

/** Options that only some ways of calling know, and which. */
const belongsTo: readonly [option: 'sha256' | 'allow' | 'ignore' | 'name' | 'type', to: readonly string[]][] = [
  ['sha256', ['url']],
  ['allow', ['huggingface']],
  ['ignore', ['huggingface']],
  ['name', ['civitai', 'huggingface', 'url']],
  ['type', ['civitai', 'huggingface', 'url']],
]

/** Reads the arguments. @throws UsageError */
export function parseSyncCall(args: string[], usage: string): SyncCall {
  const { values, positionals } = parseCall(args, syncOptions, usage)
  const wrong = (message: string) => new UsageError(message, usage)
  const { local } = values
  const sources = (['civitai', 'huggingface', 'url'] as const).filter((name) => values[name] !== undefined)
  const [kind] = sources
  if (sources.length > 1) throw wrong(`Give one of --${sources.join(' and --')}.`)
  if (kind !== undefined && positionals.length > 0) {
    throw wrong(`Give models by their ids or one by --${kind}, not both.`)
  }
  if (kind === undefined && positionals.length === 0) {
    throw wrong('Name at least one model, or its source: --civitai, --huggingface or --url.')
  }
  for (const [option, to] of belongsTo) {
    if (values[option] !== undefined && !to.includes(kind ?? '')) {
      throw wrong(`--${option} only goes with ${to.map((name) => `--${name}`).join(', ')}.`)
    }
  }
  const modelIds = [...new Set(positionals.map((text) => modelIdOf(text, usage)))]
  if (values.cancel) {
    if (kind !== undefined) throw wrong('--cancel takes the ids of models.')
    return { kind: 'cancel', modelIds, local }
  }
  if (values.watch && values['no-watch']) throw wrong('Give one of --watch and --no-watch.')
  const timeoutMs = 1000 * wholeNumber(values.timeout, { name: 'timeout', min: 1, max: 86_400, usage })
  if (kind === undefined) return { kind: 'models', modelIds, watch: values.watch ?? false, timeoutMs, local }
  const type = values.type ?? 'model'
  if (type !== 'model' && type !== 'lora') throw wrong(`--type takes model or lora, not "${type}".`)
  const text = (values[kind] ?? '').trim()
  return {
    kind: 'source',
    source: sourceOf(kind, text, { ...values, wrong }),
    name: values.name?.trim() || null,
    type,
    watch: !values['no-watch'],
    timeoutMs,
    local,
  }
}

function sourceOf(
  kind: TypedSource['kind'],
  text: string,
  values: {
    sha256?: string | undefined
    allow?: string[] | undefined
    ignore?: string[] | undefined
    wrong: (message: string) => UsageError
  },
): TypedSource {
  const { wrong, allow = [], ignore = [] } = values
  if (kind === 'civitai') return { kind, text }
  if (kind === 'huggingface') return { kind, text, allowPatterns: allow, ignorePatterns: ignore }
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) throw wrong('--url takes an address that begins with https://.')
  // The document is the app's to show: nothing secret may come into it.
  if (url.username !== '' || url.password !== '') throw wrong('--url must not contain a user or password.')
  const sha256 = values.sha256?.trim().toLowerCase() ?? null
  if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) throw wrong('--sha256 takes 64 hex characters.')
  return { kind, url: text, sha256 }
}
