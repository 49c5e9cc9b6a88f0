import type { Firestore } from '@google-cloud/firestore'
import { isInvalidArgument } from '#shared/documents/firestore.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import type { JobLimits } from './claim.ts'
import type { AnyJobDefinition } from './definition.ts'
import { isDisplaced, superseded } from './displaced.ts'
import { type EndForm, recordIn, tellFailure } from './end-forms.ts'
import { LeaseLostError } from './job-errors.ts'
import { isTerminal, type JobRecord, jobId, jobRef, toJobRecord } from './job-record.ts'
import { recordAfter } from './record-after.ts'

/** A run that did not end its job itself. */
export interface UnsettledRun {
  definition: AnyJobDefinition
  input: unknown
  /** As it was claimed. */
  claimed: JobRecord
  owner: string
  /** What providers said this job took so far, also what no step has stored. */
  credits: Record<string, number>
  error: unknown
}

/**
 * Puts a job down after its run, in one fenced transaction: it rests, or ends and people are told. One whose rest
 * Firestore can never take ends of that, for the next claim's record would be refused too.
 * @throws LeaseLostError where somebody has claimed past this run; any other refusal of its rest.
 */
export async function putDown(
  db: Firestore,
  run: UnsettledRun,
  options: { limits: Pick<JobLimits, 'maxFailures'>; form: EndForm },
): Promise<JobRecord> {
  const { definition, input, claimed, owner, credits, error } = run
  const { limits, form } = options
  const ref = jobRef(db, jobId(claimed.key))
  return await runTransaction(db, async (transaction) => {
    const snapshot = await transaction.get(ref)
    const now = snapshot.readTime
    const job = toJobRecord(snapshot)
    if (!job) throw new LeaseLostError(claimed.key)
    if (job.lease === null && job.fence === claimed.fence) return job // our own commit, repeated
    if (job.lease?.owner !== owner) throw new LeaseLostError(claimed.key)
    const after = (reason: unknown) => recordAfter({ job: { ...job, credits }, error: reason, now, limits })
    const asItEnded = after(error)
    // Whoever took its slot did not wake it, because it was at work.
    const restsInVain = !isTerminal(asItEnded.state) && (await isDisplaced(transaction, db, job))
    const wished = restsInVain ? after(superseded()) : asItEnded
    let next = wished
    if (form.refusal !== null && !isTerminal(wished.state)) {
      // A fault of our own, or of a moment: the lease runs out, and the next claim goes on.
      if (!isInvalidArgument(form.refusal)) throw form.refusal
      next = after(form.refusal)
    }
    const tell =
      next.state === 'failed' && next.failure
        ? await tellFailure(definition, { input, transaction, job, failure: next.failure }, form)
        : null
    const kept = isTerminal(next.state) ? recordIn(form, next) : next
    transaction.set(ref, kept)
    tell?.(transaction)
    return kept
  })
}
