import type { Timestamp, Transaction } from '@google-cloud/firestore'
import type { Writes } from '#shared/documents/transaction.ts'
import type { JobFailure, JobRecord } from './job-record.ts'
import type { JobRun } from './job-run.ts'
import type { SlotClaim } from './slot.ts'

/** What a definition says when a job wants to begin, judged inside the claim's transaction. */
export type Admission =
  /**
   * Begin. `note` is stored once, at the first admission, and handed to every later run. `writes` (a reservation) join
   * the transaction that stores it: once a job, and only if the job really begins.
   */
  | { kind: 'run'; note: unknown; slot: SlotClaim | null; writes?: Writes }
  /** Not yet (the document is not there): costs no failure. */
  | { kind: 'wait'; code: string; message: string; retryAt: Date }
  /**
   * Never: end now, as a failure that people see or as a cancellation that nobody needs to. With `slot`, `failed` can
   * tell whether a newer job has taken the job's place.
   */
  | { kind: 'end'; state: 'failed' | 'canceled'; code: string; message: string; slot?: SlotClaim }

/** One kind of job. Services write these; everything about claims, leases and failures is the runner's. */
export interface JobDefinition<Input> {
  kind: string
  /** The natural key (DESIGN §2.1). */
  key(input: Input): string
  subject(input: Input): string
  /** Trusts its own past: parses the stored input of a woken job. Throws when it cannot. */
  parseInput(stored: unknown): Input
  admit(context: { input: Input; transaction: Transaction; now: Timestamp; job: JobRecord }): Promise<Admission>
  run(run: JobRun<Input>): Promise<void>
  /** Writes that tell people of a final failure, joined to the transaction that ends the job. Reads first. */
  failed(context: {
    input: Input
    transaction: Transaction
    job: JobRecord
    failure: JobFailure
    /** All of it was refused (a document without room): only that it is over, in no more bytes than are there already. */
    isBrief: boolean
  }): Promise<Writes>
  /** Clears what the job left in the work bucket. Called after every terminal state, and again at every redelivery after that. */
  cleanUp(context: { input: Input; jobId: string }): Promise<void>
}

/** A definition whose input type is known only to itself: the runner hands it what its own `parseInput` gave. */
export type AnyJobDefinition = JobDefinition<unknown>
