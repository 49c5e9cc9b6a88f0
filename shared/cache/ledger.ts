import type { DocumentData, DocumentReference, Firestore, Timestamp, Transaction } from '@google-cloud/firestore'
import type { Writes } from '#shared/documents/transaction.ts'

/**
 * `cache/{bucket}`: what the models bucket holds and what is promised of it. At any moment the objects in it have at most
 * `storedBytes` and the sum of `reserved`.
 */
export interface CacheLedger {
  /** Everything that stays: models/ and trained/; what is being evicted until it is gone. */
  storedBytes: number
  /** Of them trained/, which is never evicted. */
  trainedBytes: number
  /** By the job that copies: its parts, and what it makes of them, until it has ended and its parts are gone. */
  reserved: Record<string, number>
  /** What of it stays when the job has come to its end. */
  staying: Record<string, number>
  /** Copies that wait for room: since when (ms since 1970), and for how much. */
  waiting: Record<string, { sinceMs: number; bytes: number }>
  /** Something was found that nobody had counted, or that may have been counted twice: it is counted anew soon. */
  isDoubtful: boolean
  /** When the bucket was last listed. */
  countedAt: Timestamp
}

export function ledgerRef(db: Firestore, bucket: string): DocumentReference {
  return db.collection('cache').doc(bucket)
}

/** The ledger as it is, or null before the first copy or count. */
export async function readLedger(db: Firestore, bucket: string): Promise<CacheLedger | null> {
  return toLedger((await ledgerRef(db, bucket).get()).data())
}

export async function readLedgerIn(
  transaction: Transaction,
  db: Firestore,
  bucket: string,
): Promise<CacheLedger | null> {
  return toLedger((await transaction.get(ledgerRef(db, bucket))).data())
}

/** The cast is safe: only this folder writes the collection. */
function toLedger(fields: DocumentData | undefined): CacheLedger | null {
  return (fields as CacheLedger | undefined) ?? null
}

export function writeLedger(db: Firestore, bucket: string, ledger: CacheLedger): Writes {
  return (transaction) => transaction.set(ledgerRef(db, bucket), ledger)
}

/**
 * A change of the ledger inside a transaction, or none where `change` gives back what it got. Where there is no ledger yet nothing
 * is counted, and the first count finds what is there.
 */
export async function changeLedger(
  transaction: Transaction,
  db: Firestore,
  bucket: string,
  change: (ledger: CacheLedger) => CacheLedger,
): Promise<Writes> {
  const ledger = await readLedgerIn(transaction, db, bucket)
  const next = ledger && change(ledger)
  return next === null || next === ledger ? () => {} : writeLedger(db, bucket, next)
}

/** What is promised, but for one job's own. */
export function reservedBytes({ reserved }: Pick<CacheLedger, 'reserved'>, except: string | null = null): number {
  return sumExcept(reserved, except)
}

/** What of it will stay, but for one job's own. */
export function stayingBytes({ staying }: Pick<CacheLedger, 'staying'>, except: string | null = null): number {
  return sumExcept(staying, except)
}

function sumExcept(bytesOfJobs: Record<string, number>, except: string | null): number {
  return Object.entries(bytesOfJobs).reduce((sum, [jobId, bytes]) => (jobId === except ? sum : sum + bytes), 0)
}

/** Without what a job had reserved or waited for. */
export function withoutJob(ledger: CacheLedger, jobId: string): CacheLedger {
  const { [jobId]: _room, ...reserved } = ledger.reserved
  const { [jobId]: _stay, ...staying } = ledger.staying
  const { [jobId]: _wait, ...waiting } = ledger.waiting
  return { ...ledger, reserved, staying, waiting }
}
