import type { Firestore } from '@google-cloud/firestore'
import { readCharacter, showFailed, showFailedBriefly } from '#shared/documents/characters.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import { isOutdated } from '#shared/jobs/displaced.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
import { type AdmissionRules, admitImage } from './admit.ts'
import { withinDailyCap } from './daily-cap.ts'
import { type ImageInput, imageInputSchema, imageJobNames, imageNoteSchema } from './image-input.ts'
import { workPrefix } from './object-names.ts'

/** From the claim to the published picture. */
export type ImageWork = (run: JobRun<ImageInput>) => Promise<void>

export interface ImageJobParts {
  db: Firestore
  store: ObjectStore
  workBucket: string
  rules: AdmissionRules
  work: ImageWork
}

/** The image job: what `shared/jobs` needs to know of it. */
export function imageJob(deps: ImageJobParts): JobDefinition<ImageInput> {
  const { db } = deps
  return {
    ...imageJobNames,
    parseInput: (stored) => imageInputSchema.parse(stored),
    async admit({ input, transaction, now, job }) {
      const character = await readCharacter(transaction, db, input.characterId)
      const facts = { input, character, nowMs: now.toMillis(), jobCreatedMs: job.createdAt.toMillis() }
      const admission = admitImage(facts, deps.rules)
      return await withinDailyCap(db, { admission, input, transaction, now, perDay: deps.rules.imagesPerDay })
    },
    run: deps.work,
    async failed({ input, transaction, job, failure, isBrief }) {
      const nothing = () => {}
      const character = await readCharacter(transaction, db, input.characterId)
      if (!character || (character.userId ?? '') !== input.userId) return nothing
      const note = imageNoteSchema.nullable().parse(job.admission)
      if (note && note.imageUrl !== character.imageUrl) return nothing
      if (await isOutdated(transaction, db, job)) return nothing
      if (isBrief) return showFailedBriefly(db, character)
      return showFailed(db, character.id, { code: failure.code, message: failure.message, jobId: jobId(job.key) })
    },
    cleanUp: ({ jobId: id }) => removeWork(deps.store, { bucket: deps.workBucket, jobId: id }),
  }
}

/** Removes every temporary of a job. */
export async function removeWork(store: ObjectStore, work: { bucket: string; jobId: string }): Promise<void> {
  await removeBelow(store, { bucket: work.bucket, prefix: workPrefix(work.jobId) })
}
