import { type Output, table } from '../output.ts'
import { plainLine } from '../text-width.ts'
import { bytesText } from '../units.ts'
import type { FoundModels } from './pages.ts'
import type { ModelRecord, NoteRecord } from './records.ts'

/** How a list names models: those of a hub by the registry's id, the registered ones by that of their own document. */
type ListOf = 'found' | 'registered'

/** Tells what was found: a table, or an object for each model and one for the page. */
export function tellModels(output: Output, found: FoundModels, list: { of: ListOf; empty: string }): void {
  const { models, notes, nextCursor } = found
  if (output.json) {
    for (const model of models) output.result({ type: 'model', model }, '')
    output.result({ type: 'page', nextCursor, notes }, '')
    return
  }
  output.text(models.length === 0 ? list.empty : modelsTable(models, list.of))
  tellNotes(output, notes)
  if (nextCursor !== null) output.note('There are more: --limit shows them, --cursor goes on (--json tells it).')
}

/** Which sources are missing, beside the result. */
export function tellNotes(output: Output, notes: readonly NoteRecord[]): void {
  for (const { source, code, message } of notes) output.note(`${source}: ${plainLine(message)} (${code})`)
}

function modelsTable(models: readonly ModelRecord[], of: ListOf): string {
  const rows = models.map((model) => [
    of === 'registered' ? (model.model_id ?? model.id) : model.id,
    model.type,
    model.base_model ?? '',
    model.size_bytes == null ? '' : bytesText(model.size_bytes),
    model.download_count == null ? '' : countText(model.download_count),
    statusText(model),
    plainLine(model.name),
  ])
  return table(
    [[of === 'registered' ? 'MODEL' : 'ID', 'TYPE', 'BASE', 'SIZE', 'DOWNLOADS', 'STATUS', 'NAME'], ...rows],
    '',
  )
}

/** All about one model, a line for each thing that is known. */
export function modelText(output: Output, model: ModelRecord): string {
  const base = [model.base_model, model.source_base_model].filter(Boolean).join(', ')
  const facts: [string, string | number | null | undefined][] = [
    ['id', model.id],
    ['model', model.model_id],
    ['status', statusText(model)],
    ['type', [model.type, model.source_type].filter(Boolean).join(', ')],
    ['base model', base],
    ['version', model.version],
    ['format', model.format],
    ['size', model.size_bytes == null ? null : bytesText(model.size_bytes)],
    ['SHA-256', model.sha256],
    ['trigger words', model.trigger_words.join(', ')],
    ['weight', model.recommended_weight],
    ['tags', model.tags.join(', ')],
    ['task', model.task],
    ['library', model.library],
    ['creator', model.creator],
    ['downloads', model.download_count],
    ['likes', model.like_count],
    ['rating', model.rating],
    ['availability', [model.availability, model.available_at].filter(Boolean).join(' until ')],
    ['lies at', model.gcs_uri],
    ['page', model.remote_url],
    ['updated', model.updated_at],
  ]
  const rows = facts.flatMap(([name, value]) =>
    value == null || value === '' ? [] : [[name, plainLine(String(value))]],
  )
  const error = model.sync_error
  const failure = error
    ? `\n\n  ${output.style('red', `The last sync failed (${error.code}): ${plainLine(error.message)}`)}`
    : ''
  const description = model.description ? `\n\n${indented(model.description)}` : ''
  return `${output.style('bold', plainLine(model.name))}\n${table(rows)}${failure}${description}`
}

/** What is registered, and how far; nothing for what lies at its hub alone. */
export function statusText({ model_id, sync_status }: ModelRecord): string {
  if (model_id == null) return '-'
  return sync_status === 'notsynced' || sync_status == null ? 'registered' : sync_status
}

/** `1.2M`, `48k`, `312`. */
function countText(count: number): string {
  if (count >= 999_500) return `${(count / 1e6).toFixed(1)}M`
  return count >= 10_000 ? `${Math.round(count / 1000)}k` : String(count)
}

function indented(text: string): string {
  const lines = text.split('\n').map((line) => `  ${plainLine(line)}`.trimEnd())
  return lines.join('\n')
}
