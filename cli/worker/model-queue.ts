import type { Firestore } from '@google-cloud/firestore'
import * as z from 'zod'
import type { Config } from '#shared/config/environment.ts'
import { loadOperations, type SyncJobs } from '../../services/model-sync/app.ts'
import { type LiveJob, liveJobs } from './live-jobs.ts'
import type { Task, WorkQueue } from './task.ts'

const copySchema = z.object({ target: z.string() }).catch({ target: 'a model' })
const subjectPrefix = 'ai_models/'

/** Models that ask for a sync, and the syncs and copies that wait or were left behind. */
export function modelQueue(db: Firestore, jobs: SyncJobs, config: Config<'model-sync'>): WorkQueue {
  return {
    name: 'models',
    concurrency: config.SYNC_CONCURRENCY,
    tidy: () => jobs.reconcile(),
    async find() {
      const { findSyncWork } = await loadOperations()
      const [syncs, copies] = await Promise.all([liveJobs(db, 'sync'), liveJobs(db, 'copy')])
      const liveModelIds = new Set(syncs.map(modelIdOf))
      const { begin, withdrawn } = await findSyncWork(db, { liveModelIds, now: new Date() })
      for (const modelId of withdrawn) await jobs.withdraw(modelId)
      return [
        ...begin.map(({ jobId, input }): Task => {
          const dueAt = new Date(input.requestedAtMs)
          return { jobId, subject: modelSubject(input.modelId), dueAt, isLeased: false, run: () => jobs.sync(input) }
        }),
        ...syncs.map((live) => taskOf(live, modelSubject(modelIdOf(live)), jobs)),
        ...copies.map((live) => taskOf(live, copySubject(live), jobs)),
      ]
    },
  }
}

function taskOf({ id, dueAt, isLeased }: LiveJob, subject: Task['subject'], jobs: SyncJobs): Task {
  return { jobId: id, subject, dueAt, isLeased, run: () => jobs.resume(id) }
}

function modelIdOf({ job }: LiveJob): string {
  return job.subject.slice(subjectPrefix.length)
}

function modelSubject(modelId: string): Task['subject'] {
  return { label: `model ${modelId}`, record: { queue: 'models', modelId } }
}

function copySubject({ job }: LiveJob): Task['subject'] {
  const { target } = copySchema.parse(job.input)
  return { label: `copy of ${target}`, record: { queue: 'models', target } }
}
