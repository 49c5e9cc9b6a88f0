import type { JobRecord } from '#shared/jobs/job-record.ts'
import { type Output, table } from './output.ts'

/** How a job ended and what it cost, for programs. */
export interface JobReport {
  state: JobRecord['state']
  code: string | null
  message: string | null
  totalMs: number
  /** What providers said they took, in their own credits. */
  credits: Record<string, number>
  /** Calls that may have been paid although their answers never came, by step and provider. */
  lostCalls: Record<string, Record<string, number>>
  steps: { name: string; provider: string; ms: number }[]
  /** Each claim after the first went on where another had ended. */
  claims: number
}

export function reportJob(job: JobRecord): JobReport {
  const steps = Object.entries(job.steps)
    .toSorted(([, a], [, b]) => a.startedAt.toMillis() - b.startedAt.toMillis())
    .map(([name, step]) => ({
      name,
      provider: byWhom(step.result),
      ms: step.finishedAt.toMillis() - step.startedAt.toMillis(),
    }))
  return {
    state: job.state,
    code: job.failure?.code ?? null,
    message: job.failure?.message ?? null,
    totalMs: (job.finishedAt ?? job.updatedAt).toMillis() - job.createdAt.toMillis(),
    credits: job.credits,
    lostCalls: job.lostCalls,
    steps,
    claims: job.claims,
  }
}

/** Who did a step, as image jobs note it; other jobs may note nothing. */
function byWhom(result: unknown): string {
  if (typeof result !== 'object' || result === null || !('by' in result)) return ''
  return typeof result.by === 'string' ? result.by : ''
}

/** The same for people. */
export function jobReportText(output: Output, subject: string, report: JobReport): string {
  const seconds = `${(report.totalMs / 1000).toFixed(1)} s`
  if (report.state !== 'done') {
    const word = output.style(report.state === 'failed' ? 'red' : 'yellow', report.state)
    return `${subject}  ${word} after ${seconds} (${report.code ?? 'unknown'}): ${report.message ?? 'No reason was noted.'}${costs(report)}`
  }
  const rows = report.steps.map((step) => [step.name, step.provider, step.ms, 'ms'])
  const head = `${subject}  ${output.style('green', 'complete')} in ${seconds}`
  return `${head}\n${rows.length > 0 ? `${table(rows, '    ')}\n` : ''}    ${creditsText(report.credits)}${costs(report, false)}`
}

/** `clipdrop 2 credits`, or `no credits`. */
export function creditsText(credits: Record<string, number>): string {
  const parts = Object.entries(credits).map(([provider, amount]) => {
    const shown = rounded(amount)
    return `${provider} ${shown} ${shown === 1 ? 'credit' : 'credits'}`
  })
  return parts.length > 0 ? parts.join(', ') : 'no credits'
}

function costs(report: JobReport, withCredits = true): string {
  const lost = Object.values(report.lostCalls)
    .flatMap((by) => Object.values(by))
    .reduce((sum, count) => sum + count, 0)
  const parts: string[] = []
  if (withCredits && Object.keys(report.credits).length > 0) parts.push(creditsText(report.credits))
  if (lost > 0) parts.push(`${lost} lost ${lost === 1 ? 'call' : 'calls'}, perhaps paid`)
  if (parts.length === 0) return ''
  return withCredits ? `\n    ${parts.join(', ')}` : `, ${parts.join(', ')}`
}

function rounded(amount: number): number {
  return Math.round(amount * 1000) / 1000
}
