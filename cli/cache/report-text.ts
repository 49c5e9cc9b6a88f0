import { type Output, table } from '../output.ts'
import { bytesText } from '../units.ts'
import { countText } from './cache-text.ts'
import type { CleanReportRecord, VerifyReportRecord } from './records.ts'

/** What a clean-up has done. */
export function cleanReportText(output: Output, report: CleanReportRecord): string {
  const { deleted_count, freed_bytes, kept_models, spared_count } = report
  const spared = spared_count === 0 ? '' : ` ${countText(spared_count)} came into use meanwhile and stayed.`
  const sum = `${countText(deleted_count)} evicted, ${bytesText(freed_bytes)} freed; ${kept_models.length} kept.`
  return `${output.style('green', sum)}${spared}`
}

/** What a verification has found. */
export function verifyReportText(output: Output, report: VerifyReportRecord): string {
  const { checked_files, checked_bytes, findings, findings_count, drift_bytes, repaired } = report
  const checked = `${countText(checked_files)} (${bytesText(checked_bytes)}) checked`
  const drift = drift_bytes === 0 ? '' : ` The books were ${driftText(drift_bytes)}.`
  if (findings_count === 0) return `${output.style('green', `${checked}: all is as it should be.`)}${drift}`
  const rows = findings.map(({ kind, uri, models, detail }) => [kind, uri, models.join(', ') || '-', detail])
  const shown = findings.length < findings_count ? ` (the first ${findings.length} are shown)` : ''
  const repair = repaired ? 'What can be put right was.' : '--repair puts right what can be.'
  const sum = `${checked}: ${findings_count} ${findings_count === 1 ? 'finding' : 'findings'}${shown}. ${repair}${drift}`
  return `${table([['FINDING', 'WHERE', 'MODELS', ''], ...rows], '')}\n\n${output.style(isAllRight(report) ? 'green' : 'red', sum)}`
}

/** No program can put these right. */
const lasting: readonly string[] = ['stray', 'unchecked']

/** Whether the cache is as it should be now. */
export function isAllRight({ findings, findings_count, repaired }: VerifyReportRecord): boolean {
  return findings_count === 0 || (repaired && findings.every(({ kind }) => !lasting.includes(kind)))
}

function driftText(bytes: number): string {
  return bytes > 0 ? `${bytesText(bytes)} too high` : `${bytesText(-bytes)} too low`
}
