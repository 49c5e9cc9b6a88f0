import { readCharacter, showFailed } from '#shared/documents/characters.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { compareSlotOrder, slotHolder } from '#shared/jobs/slot.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { type AdmissionRules, admitImage } from './admit.ts'
import { withinDailyCap } from './daily-cap.ts'
import { type ImageInput, imageInputSchema, imageJobNames, imageNoteSchema } from './image-input.ts'
import { workPrefix } from './object-names.ts'
import type { ImageJobDeps } from './run-image-job.ts'

/** The image job: what `shared/jobs` needs to know of it. */
export function imageJob(deps: ImageJobDeps & { rules: AdmissionRules }): JobDefinition<ImageInput> {
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
    async run(run) {
      // sharp and all that works on pixels: most claims of a fresh instance end before a pixel is read.
      const { runImageJob } = await import('./run-image-job.ts')
      await runImageJob(deps, run)
    },
    async failed({ input, transaction, job, failure }) {
      const nothing = () => {}
      const character = await readCharacter(transaction, db, input.characterId)
      if (!character || (character.userId ?? '') !== input.userId) return nothing
      const note = imageNoteSchema.nullable().parse(job.admission)
      if (note && note.imageUrl !== character.imageUrl) return nothing
      const holder = job.slot ? await slotHolder(transaction, db.doc(job.slot.path)) : null
      const isOutdated = holder && job.slot && compareSlotOrder(holder.order, job.slot.order) > 0
      if (isOutdated) return nothing
      return showFailed(db, character.id, { code: failure.code, message: failure.message, jobId: jobId(job.key) })
    },
    cleanUp: ({ jobId: id }) => removeWork(deps.store, { bucket: deps.workBucket, jobId: id }),
  }
}

/** Removes every temporary of a job. */
export async function removeWork(store: ObjectStore, work: { bucket: string; jobId: string }): Promise<void> {
  for await (const object of store.list(work.bucket, workPrefix(work.jobId)))
    await store.remove(object, object.generation)
}
