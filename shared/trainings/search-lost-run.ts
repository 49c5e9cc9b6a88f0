import type { Firestore } from '@google-cloud/firestore'
import { findReplicateRun } from '#shared/documents/replicate-runs.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { findRun } from '#shared/replicate/find-run.ts'
import { isReplicateError } from '#shared/replicate/replicate-error.ts'
import type { Run } from '#shared/replicate/run.ts'
import type { RunOwner } from '#shared/replicate/webhook-url.ts'
import type { CreatedRun } from './create-run-once.ts'

export type SearchOutcome =
  | { kind: 'found'; run: CreatedRun }
  /** The list may lag, and a webhook may still come. */
  | { kind: 'not-yet'; lookAgainAt: Date }
  /** Looked for as long as it is looked for. */
  | { kind: 'given-up' }

export interface SearchDeps {
  db: Firestore
  /** For how long, from the first look on, and how often (ms). */
  searchMs: number
  everyMs: number
  now: () => Date
}

/**
 * Looks once for the run whose creation `createRunOnce` has lost: in what webhooks told, then in Replicate's list. A run that
 * is found is stored as the result of `step`, as if the creation had been answered.
 */
export async function searchLostRun<Input>(
  deps: SearchDeps,
  run: JobRun<Input>,
  sought: {
    step: string
    owner: RunOwner
    /** The creation was begun after it, which bounds how far back the list is read. */
    since: Date
    /** The account's runs of that kind, the newest first. */
    list: () => AsyncIterable<Run>
  },
): Promise<SearchOutcome> {
  const { step, owner, since } = sought
  const stored = run.stored<CreatedRun>(step)
  if (stored !== null) return { kind: 'found', run: stored }
  const searchName = `${step}-search`
  let search = run.stored<{ untilMs: number }>(searchName)
  if (search === null) {
    search = { untilMs: deps.now().getTime() + deps.searchMs }
    await run.keep(searchName, search)
  }
  const told = await findReplicateRun(deps.db, owner)
  const found = told ?? (await look(run, () => findRun(sought.list(), { owner, since })))
  if (found !== null) {
    const runId = found.id
    run.logger.info('The run of a lost creation was found.', { step, runId, by: told ? 'webhook' : 'list' })
    return { kind: 'found', run: await run.step(step, async () => ({ runId, atMs: deps.now().getTime() })) }
  }
  const nowMs = deps.now().getTime()
  if (nowMs >= search.untilMs) return { kind: 'given-up' }
  return { kind: 'not-yet', lookAgainAt: new Date(Math.min(search.untilMs, nowMs + deps.everyMs)) }
}

/** A list that cannot be read is a look that saw nothing: the search has an end of its own. */
async function look<Input>(run: JobRun<Input>, find: () => Promise<Run | null>): Promise<Run | null> {
  try {
    return await find()
  } catch (error) {
    run.signal.throwIfAborted()
    if (!isReplicateError(error)) throw error
    run.logger.warn("Replicate's list could not be read.", { code: error.code, error })
    return null
  }
}
