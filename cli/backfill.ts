import { errorCode } from '#shared/errors/app-error.ts'
import type { Connection } from './connect.ts'
import { followShowcase } from './follow-showcase.ts'
import { creditsText, jobReportText, reportJob } from './job-report.ts'
import { imageOperations } from './operations.ts'
import type { Output } from './output.ts'

export interface BackfillSummary {
  done: number
  failed: number
  /** Somebody else has made it, or the character went away. */
  passedOver: number
  credits: Record<string, number>
  /** Why it ended early. */
  stoppedBy: string | null
}

/** An empty account or a wrong key fails them all; this many show it without marking every character as failed. */
const failuresInARow = 5

/** Asks for the showcases of `ids`, so many at a time, and follows each to its end. Ends early when nothing succeeds. */
export async function backfill(
  connection: Connection,
  params: {
    ids: readonly string[]
    concurrency: number
    timeoutMs: number
    failedToo: boolean
    output: Output
    signal: AbortSignal
  },
): Promise<BackfillSummary> {
  const { ids, output, signal } = params
  const { requestShowcase, isWithoutShowcase } = await imageOperations()
  const summary: BackfillSummary = { done: 0, failed: 0, passedOver: 0, credits: {}, stoppedBy: null }
  let next = 0
  let inARow = 0

  const count = (isDone: boolean, code: string | null) => {
    summary[isDone ? 'done' : 'failed'] += 1
    inARow = isDone ? 0 : inARow + 1
    if (inARow >= failuresInARow)
      summary.stoppedBy ??= `It ended because ${inARow} failed in a row, the last with ${code}.`
  }
  const makeOne = async (characterId: string): Promise<void> => {
    const onlyIf = (character: Parameters<typeof isWithoutShowcase>[0]) => isWithoutShowcase(character, params)
    const request = await requestShowcase(connection, { characterId, onlyIf })
    if (request.kind === 'refused' || request.kind === 'not-needed') {
      summary.passedOver += 1
      output.result({ type: 'passed-over', characterId }, `${characterId}  passed over`)
      return
    }
    const { jobId } = request
    try {
      const job = await followShowcase(connection.db, { ...params, characterId, jobId, onStatus: () => {} })
      const report = reportJob(job)
      for (const [provider, credits] of Object.entries(report.credits)) {
        summary.credits[provider] = (summary.credits[provider] ?? 0) + credits
      }
      output.result({ type: 'end', characterId, jobId, ...report }, jobReportText(output, characterId, report))
      count(job.state === 'done', report.code)
    } catch (error) {
      signal.throwIfAborted()
      const code = errorCode(error)
      const message = error instanceof Error ? error.message : String(error)
      output.result({ type: 'end', characterId, jobId, state: 'unknown', code, message }, `${characterId}  ${message}`)
      count(false, code)
    }
  }
  const worker = async (): Promise<void> => {
    for (;;) {
      const characterId = ids[next]
      if (characterId === undefined || summary.stoppedBy !== null || signal.aborted) return
      next += 1
      await makeOne(characterId)
      const ended = summary.done + summary.failed + summary.passedOver
      output.progress(`${ended} of ${ids.length}, ${summary.failed} failed, ${creditsText(summary.credits)}`)
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: params.concurrency }, worker))
  const broken = workers.find((one) => one.status === 'rejected')
  if (broken && !signal.aborted) throw broken.reason
  return summary
}
