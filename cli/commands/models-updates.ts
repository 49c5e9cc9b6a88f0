import { apiOptions, apiUsage } from '../api/api-options.ts'
import { withApi } from '../api/with-api.ts'
import { type Command, parseCall, UsageError } from '../command.ts'
import { tellNotes } from '../models/model-text.ts'
import type { NoteRecord, UpdateRecord } from '../models/records.ts'
import { table } from '../output.ts'
import { plainLine } from '../text-width.ts'

const usage = `forge models updates

Which registered models have a newer version at their hub. "forge models add" registers it.

${apiUsage}
`

export const modelsUpdates: Command = {
  words: ['models', 'updates'],
  synopsis: 'models updates',
  summary: 'which registered models have a newer version',
  usage,
  options: apiOptions,
  examples: ['forge models updates', 'forge models updates --json | jq -r .update.newest.remote_url'],
  async run(args, { output, signal }) {
    const { values, positionals } = parseCall(args, apiOptions, usage)
    if (positionals.length > 0) throw new UsageError('models updates takes options only.', usage)
    return await withApi(values, usage, async (api) => {
      const { updatePage } = await import('../models/records.ts')
      const updates: UpdateRecord[] = []
      const notes = new Map<string, NoteRecord>()
      let cursor: string | null = null
      do {
        const search = new URLSearchParams(cursor === null ? {} : { cursor })
        const page = await api.get(`/api/registry/updates?${search}`, updatePage, signal)
        // A page takes its time: the hubs are asked about each model of it.
        if (output.json) for (const update of page.updates) output.result({ type: 'update', update }, '')
        updates.push(...page.updates)
        output.progress(`${updates.length} found so far`)
        for (const note of page.notes) notes.set(note.source, note)
        cursor = page.next_cursor
      } while (cursor !== null)
      if (output.json) output.result({ type: 'page', nextCursor: null, notes: [...notes.values()] }, '')
      else output.text(updates.length === 0 ? 'Everything is at its newest version.' : updatesTable(updates))
      tellNotes(output, [...notes.values()])
      return true
    })
  },
}

function updatesTable(updates: readonly UpdateRecord[]): string {
  const rows = updates.map(({ model_id, name, current, newest }) => [
    model_id,
    plainLine(current.version ?? current.source_version_id ?? ''),
    plainLine(newest.version ?? newest.source_version_id ?? ''),
    newest.remote_url ?? '',
    plainLine(name),
  ])
  return table([['MODEL', 'HERE', 'NEWEST', 'PAGE', 'NAME'], ...rows], '')
}
