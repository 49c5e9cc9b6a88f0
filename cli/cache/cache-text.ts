import type { Output } from '../output.ts'
import { table } from '../output.ts'
import { bar } from '../progress-bar.ts'
import { plainLine } from '../text-width.ts'
import { bytesText } from '../units.ts'
import type { CachedFileRecord, CachePageRecord, CleanPlanRecord } from './records.ts'

/** Enough to tell files apart, and to name one by. */
export function shortId(fileId: string): string {
  const [, prefix = '', hash = ''] = /^((?:[a-z]+-)?)(.*)$/.exec(fileId) ?? []
  return `${prefix}${hash.slice(0, prefix === '' ? 12 : 8)}`
}

/** Files as a table, for people. */
export function filesTable(files: readonly CachedFileRecord[], now: Date): string {
  const rows = files.map((file) => [...describe(file), stateText(file, now), modelsText(file)])
  return table([['FILE', 'SIZE', 'LAST USED', 'STATE', 'MODELS'], ...rows], '')
}

/** What a clean-up would do. */
export function planText(output: Output, plan: CleanPlanRecord): string {
  const { evict, keep, max_bytes, freed_bytes } = plan
  const rows = [
    ...evict.map((file) => ['evict', ...describe(file), modelsText(file)]),
    ...keep.map(({ file, why }) => [`keep (${why})`, ...describe(file), modelsText(file)]),
  ]
  const limit = max_bytes === null ? 'no limit' : `at most ${bytesText(max_bytes)}`
  const sum = `${countText(evict.length)} to evict, ${bytesText(freed_bytes)} (${limit}); ${keep.length} to keep.`
  const head = ['', 'FILE', 'SIZE', 'LAST USED', 'MODELS']
  return `${rows.length > 0 ? `${table([head, ...rows], '')}\n\n` : ''}${output.style('bold', sum)}`
}

/** How full the bucket is, and with what. */
export interface CacheSum {
  page: Pick<CachePageRecord, 'used_bytes' | 'reserved_bytes' | 'trained_bytes' | 'limit_bytes'>
  files: { count: number; bytes: number }
  pinned: { count: number; bytes: number }
  leased: { count: number; bytes: number }
}

export function sumText(output: Output, { page, files, pinned, leased }: CacheSum): string {
  const { used_bytes, reserved_bytes, trained_bytes, limit_bytes } = page
  const part = ({ count, bytes }: { count: number; bytes: number }) => [bytesText(bytes), countText(count)]
  const said = (bytes: number | null) => (bytes === null ? 'not counted yet' : bytesText(bytes))
  const full = (used_bytes ?? files.bytes) + reserved_bytes
  const rows = [
    ['used', said(used_bytes), limit_bytes === null ? 'no limit' : `of ${bytesText(limit_bytes)}`],
    ['  files', ...part(files)],
    ['    pinned', ...part(pinned)],
    ['    leased', ...part(leased)],
    ['  trained', said(trained_bytes), 'never evicted'],
    ['reserved', bytesText(reserved_bytes), 'by copies under way'],
  ]
  if (limit_bytes === null) return table(rows, '')
  const share = limit_bytes === 0 ? 1 : full / limit_bytes
  const paint = (text: string) => output.style(share > 0.9 ? 'yellow' : 'green', text)
  return `${table(rows, '')}\n${bar(Math.min(1, share), 40, paint)}  ${Math.floor(share * 100)} %`
}

function describe(file: CachedFileRecord): [string, string, string] {
  const { file_id, size_bytes, last_used_at } = file
  return [shortId(file_id), bytesText(size_bytes), last_used_at?.slice(0, 16).replace('T', ' ') ?? 'never']
}

function stateText({ pinned, leased_until }: CachedFileRecord, now: Date): string {
  const isLeased = leased_until !== null && new Date(leased_until) > now
  return [pinned ? 'pinned' : '', isLeased ? 'leased' : ''].filter(Boolean).join(', ') || '-'
}

function modelsText({ models, uri }: CachedFileRecord): string {
  return plainLine(models.map(({ name, model_id }) => name ?? model_id).join(', ') || uri)
}

/** `1 file`, `12 files`. */
export function countText(count: number): string {
  return `${count} ${count === 1 ? 'file' : 'files'}`
}
