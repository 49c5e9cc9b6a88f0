import type { Firestore } from '@google-cloud/firestore'
import type { Config } from '#shared/config/environment.ts'
import { type ImageJobs, loadOperations } from '../../services/image-worker/app.ts'
import { liveJobs } from './live-jobs.ts'
import type { Task, WorkQueue } from './task.ts'

/**
 * A reprocess in the app sets the status first, fetches the picture and then uploads a copy of it: for so long the event of
 * that upload may still come and make the job.
 */
const patienceMs = 60_000
const subjectPrefix = 'characters/'

/** Characters that ask for a showcase, and the image jobs that wait or were left behind. */
export function imageQueue(db: Firestore, jobs: ImageJobs, config: Config<'image-worker'>): WorkQueue {
  return {
    name: 'images',
    concurrency: config.IMAGE_CONCURRENCY,
    tidy: () => jobs.reconcile(),
    async find() {
      const { findImageWork } = await loadOperations()
      const live = await liveJobs(db, 'image')
      const characterIdOf = (subject: string) => subject.slice(subjectPrefix.length)
      const liveCharacterIds = new Set(live.map(({ job }) => characterIdOf(job.subject)))
      const begin = await findImageWork(db, { liveCharacterIds, patienceMs })
      return [
        ...begin.map(({ jobId, input, dueAt }): Task => {
          const subject = characterSubject(input.characterId)
          return { jobId, subject, dueAt, isLeased: false, run: () => jobs.process(input) }
        }),
        ...live.map(({ id, job, dueAt, isLeased }): Task => {
          const subject = characterSubject(characterIdOf(job.subject))
          return { jobId: id, subject, dueAt, isLeased, run: () => jobs.resume(id) }
        }),
      ]
    },
  }
}

function characterSubject(characterId: string): Task['subject'] {
  return { label: `character ${characterId}`, record: { queue: 'images', characterId } }
}
