import type { SyncReport } from '../../services/model-sync/app.ts'
import type { Output } from '../output.ts'
import { bytesText, durationText, speedText } from '../units.ts'

/** How a sync ended, for people. */
export function syncReportText(output: Output, modelId: string, report: SyncReport): string {
  const { file, failure, state } = report
  const time = durationText(report.totalMs)
  if (file === null) {
    const word = output.style(state === 'failed' ? 'red' : 'yellow', state)
    const head = `${modelId}  ${word} after ${time} (${failure?.code ?? 'unknown'}): ${failure?.message ?? 'No reason was noted.'}`
    return failure?.retryAt
      ? `${head}\n    It is asked for again by itself after ${failure.retryAt.toISOString()}.`
      : head
  }
  const speed = averageSpeed(file)
  const lines = [
    `${modelId}  ${output.style('green', 'synced')} in ${time}`,
    file.gcsUri,
    ...(file.sha256 === null ? [] : [`sha256 ${file.sha256}`]),
    `${bytesText(file.sizeBytes)}, ${speed === null ? 'was in the bucket already' : `${speedText(speed)} on average`}`,
  ]
  return lines.join('\n    ')
}

/** The same for programs. */
export function syncReportRecord(report: SyncReport): Record<string, unknown> {
  const { file, failure, state, totalMs } = report
  return {
    state,
    code: failure?.code ?? null,
    message: failure?.message ?? null,
    retryAt: failure?.retryAt?.toISOString() ?? null,
    gcsUri: file?.gcsUri ?? null,
    sha256: file?.sha256 ?? null,
    sizeBytes: file?.sizeBytes ?? null,
    bytesPerSecond: file && averageSpeed(file),
    totalMs,
  }
}

/** Bytes a second, from the copy's beginning to its publication; null when nothing had to be copied. */
function averageSpeed(file: NonNullable<SyncReport['file']>): number | null {
  return file.copiedMs === null ? null : Math.round(file.sizeBytes / (Math.max(1, file.copiedMs) / 1000))
}
