import type { Firestore } from '@google-cloud/firestore'
import { type Character, readCharacter } from '#shared/documents/characters.ts'
import { findCharacter, showNoShowcase } from '#shared/documents/showcase-wishes.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { jobsOfSubject } from '#shared/jobs/subject-jobs.ts'
import type { ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'
import { characterSlotPath, imageInputSchema, imageJobNames } from '../image-input.ts'
import { showcaseFolder, uploadFolder, workPrefix } from '../object-names.ts'

export interface PurgeDeps {
  db: Firestore
  store: ObjectStore
  bucket: string
  workBucket: string
}

export interface PurgeRequest {
  characterId: string
  /** Removes the uploads too, which the app's gallery points at. */
  withRaw: boolean
}

/** What a purge would remove. */
export interface PurgePlan {
  characterId: string
  /** The app's document; it stays, and is told that there is no showcase. */
  hasDocument: boolean
  outputs: ObjectFacts[]
  temporaries: ObjectFacts[]
  uploads: ObjectFacts[]
  jobIds: string[]
  hasSlot: boolean
}

/** Firestore takes 500 writes in one transaction; the slot and the document take two. */
const jobsAtOnce = 200

/** Finds all that the image worker made of a character, and for whom. */
export async function planPurge(deps: PurgeDeps, request: PurgeRequest): Promise<PurgePlan> {
  const { db, store } = deps
  const { characterId } = request
  const character = await findCharacter(db, characterId)
  const jobs = await jobsOfSubject(db, `characters/${characterId}`)
  const ours = jobs.filter(({ job }) => job.kind === imageJobNames.kind)
  // A character may have changed hands, or be gone with only its jobs left to say whose it was.
  const userIds = new Set(ours.map(({ job }) => imageInputSchema.parse(job.input).userId))
  if (character?.userId) userIds.add(character.userId)
  const plan: PurgePlan = {
    characterId,
    hasDocument: character !== null,
    outputs: [],
    temporaries: [],
    uploads: [],
    jobIds: ours.map(({ id }) => id),
    hasSlot: (await db.doc(characterSlotPath(characterId)).get()).exists,
  }
  for (const userId of userIds) {
    if (userId === '') continue
    plan.outputs.push(...(await listed(store, deps.bucket, showcaseFolder({ userId, characterId }))))
    if (!request.withRaw) continue
    plan.uploads.push(...(await listed(store, deps.bucket, uploadFolder({ userId, characterId }))))
  }
  for (const id of plan.jobIds) plan.temporaries.push(...(await listed(store, deps.workBucket, workPrefix(id))))
  return plan
}

/**
 * Removes what `plan` names: first what the document says of it, then the objects, then the records, which are the last
 * to know where the objects lie. Ended in the middle it can be repeated.
 * @throws TransientError `purge.under-way` when a job works on the character.
 */
export async function purgeCharacter(deps: PurgeDeps, plan: PurgePlan): Promise<void> {
  const { db, store } = deps
  await inTurn(deps, plan, plan.jobIds, { remove: false })
  for (const object of [...plan.outputs, ...plan.temporaries, ...plan.uploads]) {
    await store.remove(object, object.generation)
  }
  for (let from = 0; from < plan.jobIds.length; from += jobsAtOnce) {
    await inTurn({ db }, plan, plan.jobIds.slice(from, from + jobsAtOnce), { remove: true })
  }
  if (plan.jobIds.length === 0) await db.doc(characterSlotPath(plan.characterId)).delete()
}

/** One transaction that nobody's work can pass: no lease is live, the document says "no showcase", records may go. */
async function inTurn(
  deps: Pick<PurgeDeps, 'db'>,
  plan: PurgePlan,
  jobIds: string[],
  options: { remove: boolean },
): Promise<void> {
  const { db } = deps
  await runTransaction(db, async (transaction) => {
    const refs = jobIds.map((id) => jobRef(db, id))
    const snapshots = refs.length > 0 ? await transaction.getAll(...refs) : []
    for (const snapshot of snapshots) {
      const lease = toJobRecord(snapshot)?.lease
      if (lease && lease.expiresAt.toMillis() > snapshot.readTime.toMillis()) throw underWay(lease.expiresAt.toDate())
    }
    const character = await readCharacter(transaction, db, plan.characterId)
    if (character && saysSomething(character)) showNoShowcase(db, plan.characterId)(transaction)
    if (!options.remove) return
    for (const ref of refs) transaction.delete(ref)
    transaction.delete(db.doc(characterSlotPath(plan.characterId)))
  })
}

function saysSomething(character: Character): boolean {
  const { isProcessed, showcaseImageUrl, status } = character
  return isProcessed || showcaseImageUrl !== null || (status !== null && status !== 'idle')
}

async function listed(store: ObjectStore, bucket: string, prefix: string): Promise<ObjectFacts[]> {
  const found: ObjectFacts[] = []
  for await (const object of store.list(bucket, prefix)) found.push(object)
  return found
}

function underWay(leasedUntil: Date): TransientError {
  return new TransientError({
    code: 'purge.under-way',
    message: `A job works on this character now (until ${leasedUntil.toISOString()} at least); purge it when that has ended.`,
    retryAt: leasedUntil,
  })
}
