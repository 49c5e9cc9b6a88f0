import { type DocumentReference, type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore'
import { isTerminal } from '#shared/replicate/prediction.ts'
import type { Run } from '#shared/replicate/run.ts'
import type { RunOwner } from '#shared/replicate/webhook-url.ts'
import type { Writes } from './transaction.ts'

/**
 * `replicate_runs/{id}`: what signed webhooks told of a run, whether we knew of it or not: a webhook can come before our own
 * write of the run's id. Never for users.
 */
export interface ReplicateRun {
  id: string
  /** Null where the signed body does not repeat our URL. */
  owner: RunOwner | null
  status: Run['status']
  /** As JSON: Firestore takes no arrays of arrays. Null where there is none, or too much. */
  outputJson: string | null
  error: string | null
  predictSeconds: number | null
  receivedAt: Timestamp
  /** TTL field. */
  expireAt: Timestamp
}

const retentionMs = 7 * 86_400_000
const maxOutputCharacters = 100_000

function replicateRunRef(db: Firestore, id: string): DocumentReference {
  return db.collection('replicate_runs').doc(encodeURIComponent(id))
}

export async function readReplicateRun(
  transaction: Transaction | null,
  db: Firestore,
  id: string,
): Promise<ReplicateRun | null> {
  const ref = replicateRunRef(db, id)
  const snapshot = await (transaction ? transaction.get(ref) : ref.get())
  // The cast is safe: only `recordRun` writes the collection.
  return snapshot.exists ? (snapshot.data() as ReplicateRun) : null
}

/** The run that was created for a record of ours, if a webhook told of it. */
export async function findReplicateRun(db: Firestore, owner: RunOwner): Promise<ReplicateRun | null> {
  const { docs } = await db
    .collection('replicate_runs')
    .where('owner.jobId', '==', owner.jobId)
    .where('owner.kind', '==', owner.kind)
    .limit(1)
    .get()
  return (docs[0]?.data() as ReplicateRun | undefined) ?? null
}

/**
 * Records what a webhook says of a run. `news`: whether it says more than was known: a terminal status never goes back, and
 * a duplicate is no news.
 */
export async function recordRun(
  transaction: Transaction,
  db: Firestore,
  params: {
    run: Pick<Run, 'id' | 'status' | 'output' | 'error' | 'predictSeconds'>
    owner: RunOwner | null
    now: Date
  },
): Promise<{ news: boolean; writes: Writes }> {
  const { run, owner, now } = params
  const known = await readReplicateRun(transaction, db, run.id)
  const isOld = known !== null && (isTerminal(known) || (known.status === run.status && !isTerminal(run)))
  if (isOld) return { news: false, writes: () => {} }
  const outputJson = run.output === null ? null : JSON.stringify(run.output)
  const next: ReplicateRun = {
    id: run.id,
    owner: owner ?? known?.owner ?? null,
    status: run.status,
    outputJson: outputJson !== null && outputJson.length <= maxOutputCharacters ? outputJson : null,
    error: run.error,
    predictSeconds: run.predictSeconds,
    receivedAt: Timestamp.fromDate(now),
    expireAt: Timestamp.fromMillis(now.getTime() + retentionMs),
  }
  return { news: true, writes: (writing) => writing.set(replicateRunRef(db, run.id), next) }
}

/** Forgets what was told of a run. */
export async function removeReplicateRun(db: Firestore, id: string): Promise<void> {
  await replicateRunRef(db, id).delete()
}
