import type { Run } from './run.ts'
import { type RunOwner, readWebhookUrl } from './webhook-url.ts'

/** The clocks of two houses, and a `created_at` that moves between calls (contract §3). */
const CLOCK_SLACK_MS = 10 * 60_000
/** Ten pages: far more than an account creates in the ten minutes in which a lost answer is looked for. */
const MAX_RUNS = 1000

/**
 * Looks for the run whose creation was never answered: the one with our id in its webhook's URL, or in a URL of its
 * input, for it is not written that lists show the webhook. Reads `runs`, the newest first, back to `since`, when the
 * creation was begun. Null where there is none (yet): a list may lag behind.
 */
export async function findRun(runs: AsyncIterable<Run>, sought: { owner: RunOwner; since: Date }): Promise<Run | null> {
  const oldestMs = sought.since.getTime() - CLOCK_SLACK_MS
  let count = 0
  for await (const run of runs) {
    if (belongsTo(run, sought.owner)) return run
    count += 1
    if (count >= MAX_RUNS || (run.createdAt !== null && run.createdAt.getTime() < oldestMs)) return null
  }
  return null
}

/** Whether a run was created for this record of ours. */
export function belongsTo(run: Run, owner: RunOwner): boolean {
  const told = readWebhookUrl(run.webhookUrl ?? '')
  if (told !== null) return told.kind === owner.kind && told.jobId === owner.jobId
  return Object.values(run.input).some((value) => typeof value === 'string' && pathHas(value, owner.jobId))
}

/** As a part of the path of its own, with or without an extension: `…/{id}/photos.zip`, `…/{id}.zip`. */
function pathHas(url: string, id: string): boolean {
  if (!/^https?:/i.test(url)) return false
  const parts = URL.parse(url)?.pathname.split(/\/|%2f/i) ?? []
  return parts.some((part) => part === id || part.replace(/\.[a-z0-9]+$/i, '') === id)
}
