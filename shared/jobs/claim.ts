import { type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore'
import { isInvalidArgument } from '#shared/documents/firestore.ts'
import { runTransaction, type Writes } from '#shared/documents/transaction.ts'
import type { AppError } from '#shared/errors/app-error.ts'
import type { AnyJobDefinition } from './definition.ts'
import { type EndForm, recordIn, tellFailure, writeSomehow } from './end-forms.ts'
import { isTerminal, type JobFailure, type JobRecord, jobId, jobRef, toJobRecord } from './job-record.ts'
import { endedRecord, lostCallsOf, newRecord } from './job-states.ts'
import { decideSlot } from './slot.ts'

export interface JobLimits {
  leaseMs: number
  /** Failures and crashes without durable progress between them. */
  maxFailures: number
  /** From the first claim; must end before the event's 24 h retention does. */
  deadlineMs: number
}

export interface ClaimRequest {
  definition: AnyJobDefinition
  /** Parsed by the definition. */
  input: unknown
  /** Unique to this attempt: tells a repeated commit of our own from somebody else's lease. */
  owner: string
  /** An event may not start a job before its `retryAt`; the task that was made for that moment may. */
  origin: 'event' | 'wake'
}

export type Claim =
  /** `displaced`: the older job that held the run slot until now. */
  | { kind: 'claimed'; id: string; job: JobRecord; displaced: string | null }
  | { kind: 'terminal'; id: string; job: JobRecord }
  /** Ended by this very claim: too many crashes, too late, superseded, not admitted, or refused as it was first written. */
  | { kind: 'ended'; id: string; job: JobRecord; refusal: AppError | null }
  | { kind: 'held'; id: string; forMs: number }
  /** A failure said when to try again; the task for it exists or must be made anew (same name, same task). */
  | { kind: 'waiting'; id: string; job: JobRecord; at: Date }
  /** Not admitted yet. */
  | { kind: 'not-yet'; id: string; job: JobRecord; at: Date; code: string }

/** Takes a job for one instance, or says why not. One transaction; every time in it is Firestore's read time. */
export async function claimJob(db: Firestore, request: ClaimRequest, limits: JobLimits): Promise<Claim> {
  return (await writeSomehow((form) => claimIn(form, { db, request, limits }))).written
}

async function claimIn(
  form: EndForm,
  { db, request, limits }: { db: Firestore; request: ClaimRequest; limits: JobLimits },
): Promise<Claim> {
  const { definition, input } = request
  const { kind } = definition
  const key = definition.key(input)
  const subject = definition.subject(input)
  const id = jobId(key)
  const ref = jobRef(db, id)

  return await runTransaction(db, async (transaction): Promise<Claim> => {
    const snapshot = await transaction.get(ref)
    const now = snapshot.readTime
    const found = toJobRecord(snapshot)
    if (found && isTerminal(found.state)) return { kind: 'terminal', id, job: found }
    if (found?.lease?.owner === request.owner) return { kind: 'claimed', id, job: found, displaced: null }
    const leftMs = found?.lease ? found.lease.expiresAt.toMillis() - now.toMillis() : 0
    if (leftMs > 0) return { kind: 'held', id, forMs: leftMs }
    const waitUntil = found?.state === 'waiting' ? found.retryAt : null
    if (found && waitUntil && request.origin === 'event' && waitUntil.toMillis() > now.toMillis()) {
      return { kind: 'waiting', id, job: found, at: waitUntil.toDate() }
    }

    const job = found
      ? afterSilence(found, now)
      : newRecord({ kind, subject, input, key, now, deadlineMs: limits.deadlineMs })
    const end = async (state: 'failed' | 'canceled', code: string, message: string): Promise<Claim> => {
      const failure: JobFailure = { code, message, at: now }
      const ended = recordIn(form, endedRecord(job, { state, failure, now }))
      const context = { input, transaction, job, failure }
      const tell = state === 'failed' ? await tellFailure(definition, context, form) : noWrites
      transaction.set(ref, ended)
      tell(transaction)
      return { kind: 'ended', id, job: ended, refusal: form.refusal }
    }

    const last = job.lastFailure
    if (job.failures > limits.maxFailures) {
      return await end('failed', last?.code ?? 'job.failed', last?.message ?? 'The work failed too often.')
    }
    if (now.toMillis() > job.deadlineAt.toMillis()) {
      return await end(
        'failed',
        last?.code ?? 'job.too-late',
        last?.message ?? 'The work could not be done within a day.',
      )
    }

    let reserve = noWrites
    // Not by the note, which may be null: a job that was claimed once was admitted then. In the last forms it may be the
    // admission that cannot be had.
    if (job.claims === 0 && form.telling !== 'nothing') {
      const admission = await definition.admit({ input, transaction, now, job })
      if (admission.kind === 'end') {
        job.slot = admission.slot ?? null
        return await end(admission.state, admission.code, admission.message)
      }
      if (admission.kind === 'wait') {
        transaction.set(ref, { ...job, state: 'queued', dueAt: Timestamp.fromDate(admission.retryAt), updatedAt: now })
        return { kind: 'not-yet', id, job, at: admission.retryAt, code: admission.code }
      }
      job.admission = admission.note
      job.slot = admission.slot
      reserve = admission.writes ?? noWrites
    }

    const slot = job.slot ? await decideSlot(transaction, db, { jobId: id, claim: job.slot, now }) : null
    if (slot?.kind === 'superseded') {
      return await end('canceled', 'job.superseded', 'A newer one has taken its place.')
    }
    if (slot?.kind === 'tripped') {
      return await end(
        'failed',
        'job.too-many',
        `More than ${job.slot?.jobsPerHour} runs within an hour; the next is possible after ${slot.retryAt.toISOString()}.`,
      )
    }

    if (form.refusal) {
      // A fault of our own, which the next version mends: the deadline ends what it does not.
      if (!isInvalidArgument(form.refusal)) throw form.refusal
      // The record, its slot or what it reserves cannot be written; that is so at every other claim.
      return await end('failed', form.refusal.code, form.refusal.message)
    }

    const expiresAt = Timestamp.fromMillis(now.toMillis() + limits.leaseMs)
    const claimed: JobRecord = {
      ...job,
      state: 'running',
      lease: { owner: request.owner, expiresAt },
      fence: job.fence + 1,
      claims: job.claims + 1,
      retryAt: null,
      dueAt: expiresAt,
      updatedAt: now,
    }
    transaction.set(ref, claimed)
    slot?.writes(transaction)
    reserve(transaction)
    return { kind: 'claimed', id, job: claimed, displaced: slot?.displaced ?? null }
  })
}

const noWrites: Writes = (_transaction: Transaction) => {}

/**
 * What a claim learns from how the last one left the job: an expired lease is a crash, an open call a lost answer, also
 * where the job was put down in order but the call's end could not be written.
 */
function afterSilence(found: JobRecord, now: Timestamp): JobRecord {
  const job: JobRecord = { ...found, lease: null, openCall: null, lostCalls: lostCallsOf(found) }
  if (found.lease !== null) {
    job.failures = found.failures + 1
    job.lastFailure = {
      code: 'job.crashed',
      message: 'The instance that worked on this ended without an answer.',
      at: now,
    }
  }
  return job
}
